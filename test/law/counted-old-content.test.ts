import fc from "fast-check";
import fs from "node:fs";
import { expect, test, vi } from "vitest";
import { fastcdcSpec } from "../../src/chunk/cutter-specs.ts";
import type { SyncError } from "../../src/errors.ts";
import { type ChunkList, readChunkList } from "../../src/session/list.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../src/tree/disk/target/target-options.node.ts";
import { type PlainEntry, plainSource, type PlainTree } from "../plain-tree.ts";
import { describeTree, noise, tempDir } from "../unit/tree/disk/disk-tree.ts";

/** Few contents, so that most of what is at a name before is at another one afterwards. */
const contents = [100, 5000, 5000, 8193, 40_000, 150_000].map((bytes, i) => noise(bytes, i + 1));
const names = ["a", "b", "c", "d", "e", "f", "g", "h"];

type Standing = "nothing" | "link" | { readonly dir: boolean; readonly content: number };

const standing = fc.oneof(
  fc.constantFrom<Standing>("nothing", "link"),
  { weight: 4, arbitrary: fc.record({ dir: fc.constant(false), content: fc.nat(contents.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ dir: fc.constant(true), content: fc.nat(contents.length - 1) }) },
);
const standings = fc.tuple(...names.map(() => standing));

function treeOf(all: readonly Standing[], mtimeSec: number): PlainTree {
  const tree = new Map<string, PlainEntry>([[".", { kind: "dir", mode: 0o755 }]]);
  for (const [i, is] of all.entries()) {
    const path = `./${names[i]}`;
    if (is === "nothing") continue;
    if (is === "link") tree.set(path, { kind: "symlink", target: "nowhere", mtimeSec });
    else {
      if (is.dir) tree.set(path, { kind: "dir", mode: 0o755, mtimeSec });
      const content = contents[is.content]!;
      tree.set(is.dir ? `${path}/x` : path, { kind: "file", content, mtimeSec });
    }
  }
  return tree;
}

async function listOf(place: string): Promise<ChunkList> {
  const [left, right] = duplexPair();
  const source = await openTreeSource(`${place}/`);
  const cutter = fastcdcSpec(1024);
  const listing = sendTree(source, left, { mode: "list", cutter });
  const [, list] = await Promise.all([listing, readChunkList(right.readable)]);
  await source.close();
  return list;
}

async function receive(tree: PlainTree, place: string, options: TreeTargetOptions = {}, list?: ChunkList) {
  const [left, right] = duplexPair();
  const troubles: string[] = [];
  const onTrouble = ({ code, detail }: SyncError): void => void troubles.push(`${detail.path} ${code}`);
  const counted = list && { have: list.chunks, cutter: list.cutter };
  await Promise.all([
    sendTree(plainSource(tree, { batchCount: 2 }), left, { mode: "one-way", layout: "contents", ...counted }),
    receiveTree(await openTreeTarget(place, options), right, { duplex: false, onTrouble }),
  ]);
  return { troubles };
}

/** True when a directory that is not empty keeps its name from something else. */
function isInTheWay(before: Standing, after: Standing): boolean {
  return (
    typeof before === "object" &&
    before.dir &&
    after !== "nothing" &&
    !(typeof after === "object" && after.dir)
  );
}

test("what a list names is found until the end, whatever changes places with what", async () => {
  await fc.assert(
    fc.asyncProperty(standings, standings, fc.boolean(), async (before, after, mayDelete) => {
      using temp = tempDir();
      const place = `${temp.path}/to`;
      await receive(treeOf(before, 1), place);
      await receive(treeOf(after, 2), `${temp.path}/wanted`);
      const needsRoom = before.some((each, i) => isInTheWay(each, after[i]!));
      const options = mayDelete || needsRoom ? { maxDeletedCount: 100 } : {};
      const { troubles } = await receive(treeOf(after, 2), place, options, await listOf(place));
      expect(troubles).toEqual([]);
      const made = describeTree(place);
      const wanted = describeTree(`${temp.path}/wanted`);
      if (mayDelete || needsRoom) expect(made).toEqual(wanted);
      else expect(made).toEqual(expect.arrayContaining(wanted));
      expect(fs.existsSync(`${place}/.rsync-stream`)).toBe(false);
    }),
    { numRuns: 30 },
  );
});

/** A content at each name, and the same contents each at the next name. */
const rotated = [names, [names.at(-1)!, ...names.slice(0, -1)]].map((order, i) => {
  const files = order.map((name, at): [string, PlainEntry] => {
    return [`./d/${name}`, { kind: "file", content: noise(50_000, 100 + at), mtimeSec: i }];
  });
  const dirs: [string, PlainEntry][] = [".", "./d"].map((name) => [name, { kind: "dir", mode: 0o755 }]);
  return new Map([...dirs, ...files.sort(([a], [b]) => (a < b ? -1 : 1))]);
});

test("it is copied where a file has one name only", async () => {
  using temp = tempDir();
  const place = `${temp.path}/to`;
  await receive(rotated[0]!, place);
  const list = await listOf(place);
  const { linkSync } = fs;
  const refuse = vi.fn((): never => {
    throw Object.assign(new Error("no links here"), { code: "EPERM" });
  });
  const link = vi.spyOn(fs, "linkSync").mockImplementation((from, to) => {
    if (!String(to).endsWith("/lock")) refuse();
    linkSync(from, to);
  });
  try {
    expect((await receive(rotated[1]!, place, {}, list)).troubles).toEqual([]);
    expect(refuse).toHaveBeenCalledTimes(names.length);
  } finally {
    link.mockRestore();
  }
  await receive(rotated[1]!, `${temp.path}/wanted`);
  expect(describeTree(place)).toEqual(describeTree(`${temp.path}/wanted`));
});

test.each([
  ["stays on the disk while a sender counts on it", true, 1],
  ["goes at once when none does", false, 0],
])("what is replaced %s", async (_, counts, linkCount) => {
  using temp = tempDir();
  await receive(rotated[0]!, `${temp.path}/to`);
  const list = counts ? await listOf(`${temp.path}/to`) : undefined;
  const old = fs.openSync(`${temp.path}/to/d/a`, "r");
  const seen: number[] = [];
  const onChange = ({ path }: { readonly path: string }): void => {
    if (path === "d/a") seen.push(fs.fstatSync(old).nlink);
  };
  await receive(rotated[1]!, `${temp.path}/to`, { onChange }, list);
  expect(seen).toEqual([linkCount]);
  expect(fs.fstatSync(old).nlink).toBe(0);
  fs.closeSync(old);
});
