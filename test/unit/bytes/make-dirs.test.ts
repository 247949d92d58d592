import { execFile } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildSync } from "esbuild";
import { afterEach, expect, it, vi } from "vitest";
import { notLinux, notPosix, notRoot, unless } from "../../obstacles.ts";
import { makeDirs } from "../../../src/bytes/make-dirs.node.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "make-dirs-"));
const at = (name: string): string => join(folder, name);

afterEach(() => void vi.restoreAllMocks());

/** Has other processes do something before or after each call that makes a directory. */
function meddle({ before, after }: { before?: (path: string) => void; after?: (path: string) => void }) {
  const make = fs.mkdirSync;
  const meddling = (path: string, mode?: number): void => {
    before?.(path);
    try {
      make(path, mode);
    } finally {
      after?.(path);
    }
  };
  return vi.spyOn(fs, "mkdirSync").mockImplementation(meddling as never);
}

it("makes what is not there, and leaves what is", () => {
  makeDirs(at("a/b"), 0o700);
  makeDirs(at("a/b/c"));
  makeDirs(at("a"));
  const modes = ["a", "a/b"].map((name) => fs.statSync(at(name)).mode & 0o777);
  expect([fs.existsSync(at("a/b/c")), modes]).toEqual([true, [0o700, 0o700]]);
});

it("tells what is in the place of a directory, wherever on the way that is", () => {
  fs.writeFileSync(at("file"), "");
  fs.symlinkSync("nowhere", at("link"));
  fs.symlinkSync("file/below", at("link-below"));
  fs.symlinkSync("loop", at("loop"));
  for (const [path, inTheWay] of [
    ["file", "file"],
    ["file/a", "file"],
    ["file/a/b", "file"],
    ["link", "link"],
    ["file/", "file"],
    ["link//", "link"],
    ["link-below", "link-below"],
    ["loop", "loop"],
    ["loop/a", "loop"],
  ] as const)
    expect(() => makeDirs(at(path)), path).toThrow(
      expect.objectContaining({
        code: "PATH",
        message: "this is in the place of a directory: move it away, or name another place",
        detail: { path: at(inTheWay) },
        cause: expect.objectContaining({ syscall: "mkdir" }) as unknown,
      }),
    );
});

unless(notPosix ?? notRoot).test("tells that the directory a link leads below cannot be entered", () => {
  fs.chmodSync(folder, 0o755);
  fs.mkdirSync(at("shut/there"), { recursive: true });
  fs.chmodSync(at("shut"), 0);
  fs.symlinkSync("shut/there", at("into-shut"));
  process.seteuid!(65_534);
  try {
    for (const path of [at("into-shut"), at("into-shut/a"), at("shut/there"), at("shut/there/a")])
      expect(() => makeDirs(path), path).toThrow(
        expect.objectContaining({
          code: "IO",
          message: expect.stringMatching(/^EACCES: permission denied, /) as string,
          detail: { path },
        }),
      );
  } finally {
    process.seteuid!(0);
  }
});

it("leaves a directory that is there, whatever the system says when it is to be made", () => {
  fs.mkdirSync(at("there"));
  const thrown = Object.assign(new Error("EROFS: read-only file system, mkdir"), { code: "EROFS" });
  const calls = vi.spyOn(fs, "mkdirSync").mockImplementation(() => {
    throw thrown;
  });
  makeDirs(at("there"));
  expect(calls).toHaveBeenCalledTimes(1);
  expect(() => makeDirs(at("new"))).toThrow(expect.objectContaining({ code: "IO", cause: thrown }));
  expect(calls).toHaveBeenCalledTimes(2);
});

it("makes again what another process removes between two steps", () => {
  let removals = 0;
  const remove = (path: string): void => {
    if (path !== at("gone/a") || removals === 50) return;
    removals++;
    fs.rmSync(at("gone"), { recursive: true, force: true });
  };
  meddle({ before: remove });
  makeDirs(at("gone/a"));
  expect([removals, fs.statSync(at("gone/a")).isDirectory()]).toEqual([50, true]);
});

it("makes a directory where the file in its place goes just then", () => {
  fs.writeFileSync(at("going"), "");
  const remove = (path: string): void => {
    if (fs.lstatSync(path, { throwIfNoEntry: false })?.isFile() === true) fs.rmSync(path);
  };
  meddle({ after: remove });
  makeDirs(at("going"));
  expect(fs.statSync(at("going")).isDirectory()).toBe(true);
});

it("ends where what it makes is always removed", () => {
  const path = at("never/a");
  const calls = meddle({ after: () => fs.rmSync(at("never"), { recursive: true, force: true }) });
  const says = { code: "IO", message: "ENOENT: no such file or directory, mkdir", detail: { path } };
  expect(() => makeDirs(path)).toThrow(expect.objectContaining(says));
  expect(calls.mock.calls.length).toBeLessThan(1000);
});

it("makes the same directories as processes that remove them", async () => {
  const script = at("make-and-remove.mjs");
  const entryPoints = [new URL("make-and-remove.ts", import.meta.url).pathname];
  buildSync({
    entryPoints,
    outfile: script,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
  });
  const run = async (): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder, at("p/q/r/s"), "100"]);
    return JSON.parse(stdout);
  };
  const outcomes = await Promise.all(Array.from({ length: 8 }, run));
  expect(outcomes).toEqual(Array.from({ length: 8 }, () => ({ done: 100 })));
});

unless(notLinux).test("ends, and tells what the system says, where nothing can be made", () => {
  const path = "/proc/nowhere/a";
  expect(() => makeDirs(path)).toThrow(expect.objectContaining({ code: "IO", detail: { path } }));
});
