import { randomFillSync } from "node:crypto";
import { blake3Digest, fastestDigest } from "../../src/chunk/blake3.node.ts";
import { createCutter } from "../../src/chunk/create-cutter.ts";
import { fastcdcSpec } from "../../src/chunk/cutter-specs.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import { createPieceKernel, type PieceKernel } from "../../src/chunk/piece-kernel.ts";
import { pieceRuleFor, smallPieceRule, type PieceRule } from "../../src/chunk/piece-rules.ts";
import { compare, type BenchRow } from "../row.ts";

const blockBytes = 256 * 1024;
const noise = randomFillSync(new Uint8Array(blockBytes));
const lines = noise.map((byte) => (byte < 7 ? 10 : 65 + (byte % 26)));

const rules: readonly { readonly what: string; readonly rule: PieceRule; readonly content: Uint8Array }[] = [
  { what: "8 KiB", rule: pieceRuleFor(2 ** 20)!, content: noise },
  { what: "1 KiB", rule: pieceRuleFor(4096)!, content: noise },
  { what: "128 bytes", rule: smallPieceRule(false), content: noise },
  { what: "lines", rule: smallPieceRule(true), content: lines },
];

/** Keyed MACs beside digests, and the cutting of pieces beside that of chunks. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const kernel of ["wasm", "js"] as const) {
    const pieces = createPieceKernel(new Uint8Array(32), { kernel });
    rows.push(...(await hashingWhole(pieces, kernel)));
    for (const { what, rule, content } of rules) {
      pieces.buffer.set(content);
      const ends = pieces.cut(rule, blockBytes, true).slice();
      rows.push(await hashingPieces(pieces, ends, `${what} by ${kernel}`));
      rows.push(await cutting(pieces, rule, `${what} by ${kernel}`));
    }
  }
  return rows;
}

/** One MAC of 256 KiB, of 8 bytes and of 16, beside a digest of them. */
async function hashingWhole(pieces: PieceKernel, kernel: string): Promise<BenchRow[]> {
  pieces.buffer.set(noise);
  const ends = Uint32Array.of(blockBytes);
  const macs = {
    "UHASH-64": () => pieces.macs(ends),
    "UHASH-128": () => {
      pieces.update(0, blockBytes);
      return pieces.digest();
    },
  };
  const digests: Record<string, () => unknown> = { sha256: () => sha256(noise) };
  if (fastestDigest() === blake3Digest) digests["blake3"] = () => blake3Digest.keyOf(noise);
  const rows: BenchRow[] = [];
  for (const [mac, fast] of Object.entries(macs)) {
    for (const [peer, naive] of Object.entries(digests)) {
      const name = `${mac} by ${kernel}, 256 KiB`;
      rows.push(await compare({ name, peer, unit: "GB/s", perRun: blockBytes / 1e9, naive, fast }));
    }
  }
  return rows;
}

function hashingPieces(pieces: PieceKernel, ends: Uint32Array, what: string): Promise<BenchRow> {
  return compare({
    name: `MACs of pieces, ${what}`,
    peer: "sha256",
    unit: "GB/s",
    perRun: blockBytes / 1e9,
    naive: () => {
      let start = 0;
      for (const end of ends) {
        sha256(pieces.buffer.subarray(start, end));
        start = end;
      }
    },
    fast: () => pieces.macs(ends),
  });
}

function cutting(pieces: PieceKernel, rule: PieceRule, what: string): Promise<BenchRow> {
  const cutter = createCutter(fastcdcSpec());
  cutter.buffer.set(pieces.buffer.subarray(0, blockBytes));
  return compare({
    name: `cutting, ${what}`,
    peer: "fastcdc",
    unit: "GB/s",
    perRun: blockBytes / 1e9,
    naive: () => cutter.cut(blockBytes, true),
    fast: () => pieces.cut(rule, blockBytes, true),
  });
}
