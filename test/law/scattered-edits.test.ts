import { expect, test } from "vitest";
import { equalBytes } from "../../src/bytes/compare.ts";
import { override } from "../../src/bytes/override.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree, type SendSummary } from "../../src/session/send.ts";
import { seededBytes, seededRandom } from "../../src/testing/random.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { memorySource, type MemorySourceFile } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import type { ScanEnd, ScanVisitor } from "../../src/tree/scan.ts";
import type { TreeSource } from "../../src/tree/source.ts";
import type { Bytes } from "../../src/types.ts";

const seed = Math.floor(Math.random() * 2 ** 30);
console.log(`scattered edits: seed ${seed}`);

const sizeBytes = 40 << 20;
const old = seededBytes(seed, sizeBytes) as Bytes;

/** The old version with so many bytes changed, here and there. */
function edited(editCount: number): Bytes {
  const random = seededRandom(seed);
  const bytes = old.slice();
  for (let i = 0; i < editCount; i++) bytes[Math.floor(random() * sizeBytes)]! ^= 0x55;
  return bytes;
}

/** A source of this file alone, which is read block by block, and once more where it grows. */
function sourceOf(wanted: Bytes, grows: boolean): TreeSource<MemorySourceFile> {
  const source = memorySource(memoryDir({ file: memoryFile(wanted, { mtimeSec: 5 }) }));
  return override(source, {
    async *scan(files: readonly MemorySourceFile[], room: Bytes, visitor: ScanVisitor<MemorySourceFile>) {
      for (let again = true, how: ScanEnd = grows ? "grown" : "complete"; again;) {
        for (let at = 0; at < wanted.length;) {
          const block = wanted.subarray(at, at + room.length);
          room.set(block);
          at += visitor.block(files[0]!, block.length, at + block.length === wanted.length);
          yield;
        }
        again = visitor.end(files[0]!, how);
      }
    },
  });
}

async function sync(wanted: Bytes, grows: boolean): Promise<SendSummary> {
  const to = memoryDir({ file: memoryFile(old) });
  const [left, right] = duplexPair();
  const troubles: unknown[] = [];
  const unhurried = { helloMs: 0, stallMs: 0, onTrouble: (error: unknown) => void troubles.push(error) };
  const [sent] = await Promise.all([
    sendTree(sourceOf(wanted, grows), left, unhurried),
    receiveTree(memoryTarget(to), right, unhurried),
  ]);
  expect(troubles).toEqual([]);
  const copy = to.children.get("file");
  expect(copy?.kind === "file" && copy.mtimeSec === 5 && equalBytes(copy.bytes, wanted)).toBe(true);
  return sent;
}

const macBytes = 5;
const [coarse, fine] = [8192, 2048];

test.each([false, true])("a large file of which much differs is cut finer; it grows: %s", async (grows) => {
  const editCount = (16 * sizeBytes) >> 20;
  const { frames } = await sync(edited(editCount), grows);
  // Pieces are longer than their average by what they have at least, which is a quarter of that.
  expect(frames.sent.PIECES).toBeGreaterThan(1.5 * macBytes * (sizeBytes / coarse));
  expect(frames.sent.PIECES).toBeLessThan(macBytes * (sizeBytes / fine));
  // Of each edit a piece of 128 bytes comes, and three times as long a one seldom.
  expect(frames.sent.DELTA).toBeLessThan(editCount * 600);
});

test("a large file of which little differs is not", async () => {
  const { frames } = await sync(edited(20), false);
  expect(frames.sent.PIECES).toBeLessThan(macBytes * (sizeBytes / coarse));
});
