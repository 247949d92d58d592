import { afterEach, expect, test, vi } from "vitest";
import { concatBytes, equalBytes } from "../../../../src/bytes/compare.ts";
import { createPieceKernel } from "../../../../src/chunk/piece-kernel.ts";
import { type GearPieceRule, pieceRuleFor } from "../../../../src/chunk/piece-rules.ts";
import { pieceMacBytes } from "../../../../src/chunk/pieces.ts";
import { piecesFeature, agree, type ReceiverHello, type SenderHello } from "../../../../src/session/hello.ts";
import { macAt, pieceWidth } from "../../../../src/session/levels/pieces/mac-widths.ts";
import { maxPartBytes, pieceTellingLimits } from "../../../../src/session/levels/pieces/piece-bounds.ts";
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

/** How files of so many bytes are cut, and their pieces told. */
function wayOf(fileBytes: number): { readonly rule: GearPieceRule; readonly width: number } {
  const rule = pieceRuleFor(fileBytes)!;
  return { rule, width: pieceWidth(fileBytes, fileBytes, rule.averageBytes) };
}

/** Two different pieces with the same short MAC. */
function collision({ rule, width }: ReturnType<typeof wayOf>): readonly [Bytes, Bytes] {
  const kernel = createPieceKernel(macKey!);
  const seen = new Map<number, Bytes>();
  for (let seed = 1; ; seed++) {
    const content = seededBytes(seed, 1 << 20) as Bytes;
    kernel.buffer.set(content);
    const ends = kernel.cut(rule, content.length, false).slice();
    const macs = kernel.macs(ends);
    for (const [i, end] of ends.entries()) {
      const piece = content.subarray(i === 0 ? 0 : ends[i - 1]!, end);
      const mac = macAt(macs, i * pieceMacBytes, width);
      const one = seen.get(mac);
      if (one && !equalBytes(one, piece)) return [one, piece];
      seen.set(mac, piece);
    }
  }
}

/** About so many bytes that end where a piece does. */
function pieces(seed: number, sizeBytes: number, rule: GearPieceRule): Bytes {
  const kernel = createPieceKernel(macKey!);
  const content = seededBytes(seed, sizeBytes) as Bytes;
  const ends: number[] = [];
  for (let at = 0; at < content.length; at = ends.at(-1)!) {
    const block = content.subarray(at, at + (1 << 20));
    kernel.buffer.set(block);
    const found = kernel.cut(rule, block.length, false);
    if (found.length === 0) break;
    ends.push(...Array.from(found, (end) => at + end));
  }
  return content.subarray(0, ends.at(-1));
}

afterEach(() => vi.restoreAllMocks());

test.each([12_000, 900_000, 3_000_000])(
  "pareco 7: of a file of about %i bytes, in which pieces with equal MACs are planted, one part comes once more",
  async (sizeBytes) => {
    vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => {
      (bytes as Uint8Array).fill(7);
      return bytes;
    });
    const way = wayOf(sizeBytes);
    const [one, other] = collision(way);
    const [head, tail] = [pieces(1001, sizeBytes / 2, way.rule), pieces(1002, sizeBytes / 2, way.rule)];
    const wanted = concatBytes([head, one, tail]);
    expect(wayOf(wanted.length)).toEqual(way);
    const root = memoryDir({ file: memoryFile(concatBytes([head, other, tail])) });
    const source = memorySource(memoryDir({ file: memoryFile(wanted, { mtimeSec: 5 }) }));
    const [left, right] = duplexPair();
    const troubles: unknown[] = [];
    const onTrouble = (error: unknown): void => void troubles.push(error);
    const [sent]: [SendSummary, unknown] = await Promise.all([
      sendTree(source, left, { onTrouble }),
      receiveTree(memoryTarget(root), right, { onTrouble }),
    ]);
    expect(sent.frames.sent.DELTA).toBeUndefined(); // it took the one for the other
    expect(sent.frames.sent.PUSH).toBeUndefined();
    expect(sent.frames.sent.PART).toBeGreaterThan(Math.min(wanted.length, pieceTellingLimits.partBytes));
    expect(sent.frames.sent.PART).toBeLessThan(Math.min(wanted.length, maxPartBytes) + 1000);
    const node = root.children.get("file");
    expect(node?.kind === "file" && equalBytes(node.bytes, wanted)).toBe(true);
    expect(troubles).toEqual([]);
  },
);
