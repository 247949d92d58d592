import { expect, test } from "vitest";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { seededBytes } from "../../../../src/testing/random.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../../../src/tree/memory/memory-tree.ts";
import type { Bytes } from "../../../../src/types.ts";

test("of a long stretch in which each piece is changed, most small pieces are found", async () => {
  const before = seededBytes(1, 1_200_000) as Bytes;
  const after = before.slice();
  const [firstAt, step] = [300_000, 500]; // a piece has 512 bytes at least, so none is as it was
  for (let at = firstAt; at < after.length; at += step) after[at]! ^= 1;
  const source = memorySource(memoryDir({ file: memoryFile(after, { mtimeSec: 5 }) }));
  const root = memoryDir({ file: memoryFile(before) });
  const [left, right] = duplexPair();
  const [sent] = await Promise.all([sendTree(source, left), receiveTree(memoryTarget(root), right)]);
  expect(root.children.get("file")).toMatchObject({ bytes: after });
  // Each group is compared with what stands where it would, not with what the first was.
  expect(sent.frames.sent.DELTA).toBeLessThan(0.7 * (after.length - firstAt));
});
