import fc from "fast-check";
import fs from "node:fs";
import { expect, test } from "vitest";
import { fastcdcSpec, fixedSpec } from "../../src/chunk/cutter-specs.ts";
import { SyncError } from "../../src/errors.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir } from "../../src/tree/memory/memory-tree.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import type { TreeTarget } from "../../src/tree/target.ts";
import type { Bytes } from "../../src/types.ts";
import { type PlainEntry, plainSource, type PlainTree } from "../plain-tree.ts";
import { noise, tempDir } from "../unit/tree/disk/disk-tree.ts";

/**
 * Lengths around those at which holes are made, files are kept in memory, and memory is written
 * out.
 */
const length = fc.oneof(
  fc.constantFrom(1, 127, 4095, 4096, 4097, 8191, 8192, 8193, 65_536, 70_000, 131_072),
  fc.integer({ min: 1, max: 40_000 }),
);
const part = fc.oneof(
  { weight: 4, arbitrary: length.map((bytes) => Buffer.alloc(bytes)) },
  { weight: 2, arbitrary: fc.tuple(length, fc.integer({ max: 3, min: 1 })).map((of) => noise(...of)) },
  { weight: 2, arbitrary: fc.tuple(length, fc.integer({ min: 1, max: 9 })).map(periodic) },
);
const content = fc.array(part, { maxLength: 4 }).map((parts) => Buffer.concat(parts));

function periodic([bytes, period]: [number, number]): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => i % period));
}

/**
 * Trees of few different contents, so that most files are equal to others, or begin or end like
 * them.
 */
const tree = fc
  .array(content, { minLength: 1, maxLength: 4 })
  .chain((few) =>
    fc
      .array(fc.tuple(fc.nat(few.length - 1), fc.option(length, { nil: undefined })), { maxLength: 40 })
      .map(
        (files): PlainTree =>
          new Map<string, PlainEntry>([
            [".", { kind: "dir", mode: 0o755 }],
            ...files.map(
              ([which, cut], i) =>
                [
                  `./f${String(i).padStart(2, "0")}`,
                  { kind: "file", content: few[which]!.subarray(0, cut), mtimeSec: i },
                ] as [string, PlainEntry],
            ),
          ]),
      ),
  );

/** The same with other times, so that no file is taken for one that is there. */
function later(from: PlainTree): PlainTree {
  return new Map([...from].map(([name, entry]) => [name, { ...entry, mtimeSec: 1_000_000 }]));
}

const circumstances = fc.record({
  first: tree,
  second: tree.map(later),
  cutter: fc.constantFrom(fastcdcSpec(), fastcdcSpec(1024), fixedSpec(4096), fixedSpec(1000)),
  mode: fc.constantFrom("duplex" as const, "one-way" as const),
  windows: fc.record({
    entries: fc.constantFrom(1024, 65_536),
    chunks: fc.constantFrom(1024, 65_536),
    data: fc.constantFrom(131_072, 1 << 20),
  }),
  /** Every so many files one fails: at the sender, or because a directory is in its way. */
  failingAtSender: fc.constantFrom(0, 1, 3),
  failingAtReceiver: fc.constantFrom(0, 1, 3),
  batchCount: fc.constantFrom(1, 100),
});

interface How {
  readonly cutter: ReturnType<typeof fastcdcSpec>;
  readonly mode: "duplex" | "one-way";
  readonly windows: { readonly entries: number; readonly chunks: number; readonly data: number };
  readonly batchCount: number;
}

async function sync(from: PlainTree, target: TreeTarget, how: How, failing: readonly string[]) {
  const [left, right] = duplexPair();
  const missing: string[] = [];
  const onTrouble = ({ code, message, detail }: SyncError): void => {
    if (code === "CHUNK_MISSING") missing.push(`${detail.path} ${message}`);
  };
  const { batchCount, cutter, mode, windows } = how;
  const end = new SyncError("CHANGED", "it changed");
  const source = plainSource(from, {
    failing: new Map(failing.map((name) => [name, end])),
    batchCount,
  });
  await Promise.all([
    sendTree(source, left, { cutter, mode, layout: "contents" }),
    receiveTree(target, right, { duplex: mode === "duplex", windows, onTrouble }),
  ]);
  return missing;
}

function some(from: PlainTree, every: number): string[] {
  const names = [...from.keys()].slice(1);
  return every === 0 ? [] : names.filter((_, i) => i % 4 < every);
}

/** What arrived at a name: nothing, a directory, or whether it is right. */
function look(root: string, from: PlainTree): [name: string, is: boolean | "dir" | undefined][] {
  return [...from].slice(1).map(([name, { content: wanted }]) => {
    const stats = fs.lstatSync(`${root}/${name}`, { throwIfNoEntry: false });
    if (!stats?.isFile()) return [name, stats && "dir"];
    return [name, fs.readFileSync(`${root}/${name}`).equals(wanted as Bytes)];
  });
}

test("whatever fails, all other files arrive with their content, both ways and one way", async () => {
  await fc.assert(
    fc.asyncProperty(circumstances, async ({ first, second, failingAtReceiver, failingAtSender, ...how }) => {
      using temp = tempDir();
      const root = `${temp.path}/to`;
      const inTheWay = some(first, failingAtReceiver);
      for (const name of inTheWay) fs.mkdirSync(`${root}/${name}/full`, { recursive: true });
      const failing = some(first, failingAtSender).reverse();
      expect(await sync(first, await openTreeTarget(root), how, failing)).toEqual([]);
      const failed = new Set([...inTheWay, ...failing]);
      for (const [name, is] of look(root, first))
        if (!failed.has(name)) expect([name, is]).toEqual([name, true]);
      for (const name of inTheWay) fs.rmSync(`${root}/${name}`, { recursive: true });
      expect(await sync(second, await openTreeTarget(root), how, [])).toEqual([]);
      for (const entry of look(root, second)) expect(entry).toEqual([entry[0], true]);
      expect(fs.existsSync(`${root}/.rsync-stream`)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test("the same in memory", async () => {
  await fc.assert(
    fc.asyncProperty(circumstances, async ({ first, second, failingAtSender, ...how }) => {
      const root = memoryDir();
      expect(await sync(first, memoryTarget(root), how, some(first, failingAtSender))).toEqual([]);
      expect(await sync(second, memoryTarget(root), how, [])).toEqual([]);
      for (const [path, { content: wanted }] of [...second].slice(1)) {
        const node = root.children.get(path.slice(2));
        expect(node?.kind === "file" && Buffer.from(node.bytes).equals(wanted as Bytes)).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});
