import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { openTreePreview } from "../../../src/tree/disk/target/preview.node.ts";
import type { Entry } from "../../../src/tree/entry/entry.ts";
import type { SourceEntry, TreeSource } from "../../../src/tree/source.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const batchCount = 1000;
const entryCount = 300_000;

function entryOf(kind: Entry["kind"], depth: number, name: string): SourceEntry<number> {
  const entry = { depth, name: Buffer.from(name), kind, size: 0, mode: 0o755, mtimeSec: 1, mtimeNsec: 0 };
  return { entry, file: 0 };
}

/** Names as long as they may be, made as they are asked for. */
const endless: TreeSource<number> = {
  async *entries() {
    yield [entryOf("dir", 0, ".")];
    const tail = "n".repeat(245);
    for (let at = 0; at < entryCount; at += batchCount) {
      yield Array.from({ length: batchCount }, (_, i) =>
        entryOf("dir", 1, `${String(at + i).padStart(10, "0")}${tail}`),
      );
    }
  },
  async *cut() {},
  read: () => Promise.reject(new Error("nothing is read")),
  close: async () => {},
};

test("a tree of any length passes through in the same memory", async () => {
  const liveBytes: number[] = [];
  let count = 0;
  const [near, far] = duplexPair();
  const target = openTreePreview(join(tmpdir(), "nowhere"), {
    onChange() {
      if (++count % 50_000 !== 0) return;
      // The second waits until what the first found is given back, which another thread does.
      collectGarbage();
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      liveBytes.push(heapUsed + arrayBuffers);
    },
  });
  await Promise.all([sendTree(endless, near, { layout: "contents" }), receiveTree(target, far)]);
  expect(count).toBe(1 + entryCount); // the root, too
  // At least 150,000 names lie between the first look and the last three: 38 MB, if anybody kept
  // them. What is under way differs from look to look, so the least of the three counts.
  expect(Math.min(...liveBytes.slice(-3)) - liveBytes[0]!).toBeLessThan(8_000_000);
});
