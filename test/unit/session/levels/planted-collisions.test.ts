import { afterEach, expect, test, vi } from "vitest";
import { concatBytes, equalBytes } from "../../../../src/bytes/compare.ts";
import { createPieceKernel } from "../../../../src/chunk/piece-kernel.ts";
import { pieceRuleFor } from "../../../../src/chunk/piece-rules.ts";
import { pieceMacBytes } from "../../../../src/chunk/pieces.ts";
import { piecesFeature, agree, type ReceiverHello, type SenderHello } from "../../../../src/session/hello.ts";
import { macAt, pieceWidth } from "../../../../src/session/levels/pieces/mac-widths.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { type SendSummary, sendTree } from "../../../../src/session/send.ts";
import { seededBytes } from "../../../../src/testing/random.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../../../src/tree/memory/memory-tree.ts";
import type { Bytes } from "../../../../src/types.ts";

/** The nonce of both ends, which makes the key one that is known beforehand. */
const nonce = new Uint8Array(16).fill(7);
const hello = {
  nonce,
  features: [piecesFeature],
  digests: ["sha-256"],
  cutters: ["cafs"],
  compressions: ["deflate"],
};
const sender = {
  ...hello,
  role: "sender",
  mode: "duplex",
  layout: "contents",
  digest: "sha-256",
  compression: "deflate",
};
const cutter = { name: "cafs", minBytes: 0, averageBytes: 0, maxBytes: 0 };
const { macKey } = agree(
  { ...sender, cutter } as SenderHello,
  { ...hello, role: "receiver", windows: { entries: 1, chunks: 1, data: 1 } } as ReceiverHello,
);

const fileBytes = 12_000;
const rule = pieceRuleFor(fileBytes)!;
const width = pieceWidth(fileBytes, fileBytes, rule.averageBytes);

/** Two different pieces with the same short MAC, and some others. */
function collision(): { readonly one: Bytes; readonly other: Bytes; readonly rest: readonly Bytes[] } {
  const kernel = createPieceKernel(macKey!);
  const seen = new Map<number, Bytes>();
  for (let seed = 1; ; seed++) {
    const content = seededBytes(seed, 1 << 20) as Bytes;
    kernel.buffer.set(content);
    const ends = kernel.cut(rule, content.length, false).slice();
    const macs = kernel.macs(ends);
    const pieces = Array.from(ends, (end, i) => content.subarray(i === 0 ? 0 : ends[i - 1]!, end));
    for (const [i, piece] of pieces.entries()) {
      const mac = macAt(macs, i * pieceMacBytes, width);
      const one = seen.get(mac);
      if (one && !equalBytes(one, piece)) return { one, other: piece, rest: pieces.slice(i + 1, i + 11) };
      seen.set(mac, piece);
    }
  }
}

afterEach(() => vi.restoreAllMocks());

test("whoever knows the key and plants pieces with equal MACs gets the file whole, and right", async () => {
  vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => {
    (bytes as Uint8Array).fill(7);
    return bytes;
  });
  const { one, other, rest } = collision();
  const [head, tail] = [rest.slice(0, 4), rest.slice(4)];
  const wanted = concatBytes([...head, one, ...tail]);
  const root = memoryDir({ file: memoryFile(concatBytes([...head, other, ...tail])) });
  const source = memorySource(memoryDir({ file: memoryFile(wanted, { mtimeSec: 5 }) }));
  const [left, right] = duplexPair();
  const troubles: unknown[] = [];
  const onTrouble = (error: unknown): void => void troubles.push(error);
  const [sent]: [SendSummary, unknown] = await Promise.all([
    sendTree(source, left, { onTrouble }),
    receiveTree(memoryTarget(root), right, { onTrouble }),
  ]);
  expect(sent.frames.sent.DELTA).toBeUndefined(); // it took the one for the other
  expect(sent.frames.sent.PUSH).toBeGreaterThan(wanted.length);
  const node = root.children.get("file");
  expect(node?.kind === "file" && equalBytes(node.bytes, wanted)).toBe(true);
  expect(troubles).toEqual([]);
});
