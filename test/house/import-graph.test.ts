import { builtinModules } from "node:module";
import { expect, test } from "vitest";
import { roomOf, sourceFiles } from "./source-files.ts";

/**
 * The rooms, and which may import which: itself, and those named here. Every edge points up this
 * list.
 */
const mayImport: Record<string, readonly string[]> = {
  errors: [],
  types: ["errors"],
  bytes: ["errors", "types"],
  transport: ["errors", "types", "bytes"],
  chunk: ["errors", "types", "bytes"],
  store: ["errors", "types", "bytes", "chunk"],
  remotesync: ["errors", "types", "bytes", "chunk", "store"],
  tree: ["errors", "types", "bytes", "chunk", "store", "remotesync"],
  session: ["errors", "types", "bytes", "chunk", "store", "remotesync", "tree", "transport"],
  coordinator: ["errors", "types", "bytes"],
  bucket: ["errors", "types", "bytes", "chunk", "tree", "coordinator"],
  casync: ["errors", "types", "bytes", "transport", "chunk", "store", "tree", "coordinator", "bucket"],
  fuse: ["errors", "types", "bytes", "chunk", "store", "tree", "casync"],
  index: [
    "errors",
    "types",
    "bytes",
    "transport",
    "chunk",
    "store",
    "remotesync",
    "tree",
    "session",
    "coordinator",
    "bucket",
    "casync",
  ],
};
mayImport["http"] = mayImport["index"]!;
mayImport["relay"] = [...mayImport["index"]!, "http"];
mayImport["archive"] = [...mayImport["index"]!, "http", "fuse"];
mayImport["swarm"] = [...mayImport["relay"], "relay"];
mayImport["mirror"] = mayImport["index"]!;
mayImport["browser"] = mayImport["index"]!;
mayImport["transfer"] = [...mayImport["swarm"], "swarm", "mirror", "archive"];
mayImport["jobs"] = [...mayImport["transfer"], "transfer"];
mayImport["ui"] = [...mayImport["index"]!, "browser", "jobs"];
mayImport["node"] = [...mayImport["jobs"], "index", "jobs", "fuse"];
mayImport["testing"] = mayImport["index"]!;
mayImport["cli"] = [...mayImport["node"]!, "node", "testing"];

/** A session knows what a channel is and no transport. */
const channel = "transport/channel.ts";

const nodeOnly = new Set([...builtinModules, "ws", "koffi"]);
const isNodeFile = (path: string) =>
  path.endsWith(".node.ts") || path === "node.ts" || roomOf(path) === "cli";
const isNodeImport = (name: string) =>
  name.startsWith("node:") || nodeOnly.has(name) || (name.endsWith(".ts") && isNodeFile(name));

const belowDisk = ["", "entry", "filter", "order", "plan"];

/** The folders of a room that has some, and which of its files may import which. */
const foldersOfTree: Record<string, readonly string[]> = {
  entry: [],
  filter: ["entry"],
  plan: ["", "entry"],
  order: ["filter", "plan"],
  "": ["entry"],
  memory: ["", "entry", "plan"],
  "disk/calls": belowDisk,
  "disk/facts": [...belowDisk, "disk/calls"],
  "disk/source": [...belowDisk, "disk/calls", "disk/facts"],
  "disk/target": [...belowDisk, "disk/calls", "disk/facts", "disk/source"],
};

const files = sourceFiles();
const paths = new Set(files.map(({ path }) => path));

test("there is something to walk", () => {
  expect(files.length).toBeGreaterThan(10);
  expect(files.some(({ imports }) => imports.includes("errors.ts"))).toBe(true);
});

test("every file lies in a known room", () => {
  expect(files.map(({ path }) => path).filter((path) => !(roomOf(path) in mayImport))).toEqual([]);
});

test("imports point up the list of rooms", () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports
      .filter((name) => name.endsWith(".ts"))
      .filter((name) => !mayReach(path, name))
      .map((name) => `${path} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

function mayReach(path: string, name: string): boolean {
  const from = roomOf(path);
  const to = roomOf(name);
  if (from === "session" && to === "transport") return name === channel;
  return from === to || (mayImport[from]?.includes(to) ?? false);
}

test("imports inside the tree room point up the list of its folders", () => {
  const inTree = (path: string) => roomOf(path) === "tree";
  const folderOf = (path: string) => path.split("/").slice(1, -1).join("/");
  const mayReachFolder = (from: string, to: string) =>
    from === to || (foldersOfTree[from]?.includes(to) ?? false);
  const wrong = files
    .filter(({ path }) => inTree(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter((name) => inTree(name) && !mayReachFolder(folderOf(path), folderOf(name)))
        .map((name) => `${path} imports ${name}`),
    );
  expect(wrong).toEqual([]);
});

test("every import of an own file names one that exists", () => {
  const missing = files.flatMap(({ path, imports }) =>
    imports
      .filter((name) => name.endsWith(".ts") && !paths.has(name))
      .map((name) => `${path} imports ${name}`),
  );
  expect(missing).toEqual([]);
});

test("portable files import nothing that needs Node", () => {
  const wrong = files
    .filter(({ path }) => !isNodeFile(path))
    .flatMap(({ path, imports }) => imports.filter(isNodeImport).map((name) => `${path} imports ${name}`));
  expect(wrong).toEqual([]);
});

test("no files import each other in a circle", () => {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const circles: string[] = [];

  function visit(path: string, trail: readonly string[]): void {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    if (trail.includes(path) || done.has(path)) return;
    for (const name of importsOf.get(path) ?? []) visit(name, [...trail, path]);
    done.add(path);
  }

  for (const { path } of files) visit(path, []);
  expect(circles).toEqual([]);
});
