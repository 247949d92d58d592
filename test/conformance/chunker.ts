import { concatBytes } from "../../src/bytes/compare.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { CafsScanner } from "../../src/chunk/cafs-scanner.ts";
import { createCutter } from "../../src/chunk/create-cutter.ts";
import { cutChunks } from "../../src/chunk/cut-chunks.ts";
import { cafsSpec } from "../../src/chunk/cutter-specs.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import type { Bytes } from "../../src/types.ts";
import { type Case, hashHex, input, same, sameIfGiven, streamOf } from "./check.ts";

/** chunker.json: whole inputs, by every way of cutting that there is. */
export async function runChunker(vector: Case): Promise<void> {
  const bytes = input(vector.input);
  same("size", vector.size, bytes.length);
  same("sha256", vector.sha256, hashHex(bytes));
  const sizes: number[] = [];
  const ids: Bytes[] = [];
  for await (const chunk of cutChunks(streamOf(bytes), cafsSpec)) {
    sizes.push(chunk.bytes.length);
    ids.push(chunk.id);
  }
  if (ids.length === 0) ids.push(sha256(bytes));
  same("chunkSizes", vector.chunkSizes, runLengths(sizes));
  same("chunkCount", vector.chunkCount, sizes.length);
  same("isChunked", vector.isChunked, ids.length > 1);
  same("numChunks", vector.numChunks, ids.length);
  same("keysSha256", vector.keysSha256, hashHex(concatBytes(ids)));
  sameIfGiven(vector, "keys", ids.map(toHex));
  for (const kernel of ["wasm", "js"] as const) {
    same(`sizes by ${kernel}`, vector.chunkSizes, runLengths(cutAll(bytes, kernel)));
  }
}

function cutAll(bytes: Bytes, kernel: "wasm" | "js"): number[] {
  const cutter = createCutter(cafsSpec, { kernel });
  const sizes: number[] = [];
  let start = 0;
  while (start < bytes.length) {
    const part = bytes.subarray(start, start + cutter.buffer.length);
    cutter.buffer.set(part);
    let last = 0;
    for (const end of cutter.cut(part.length, start + part.length === bytes.length)) {
      sizes.push(end - last);
      last = end;
    }
    start += last;
  }
  return sizes;
}

function runLengths(sizes: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const size of sizes) {
    const last = runs.at(-1);
    if (last?.[0] === size) last[1]++;
    else runs.push([size, 1]);
  }
  return runs;
}

/** chunker-scan.json: the streaming interface, call by call. */
export function runChunkerScan(vector: Case): void {
  const bytes = input(vector.input);
  const scanner = new CafsScanner();
  const boundaryCalls: [number, number, number][] = [];
  let calls = 0;
  let start = 0;
  for (let piece = 0; start < bytes.length; piece++) {
    const length = vector.pieces[piece % vector.pieces.length];
    let rest = bytes.subarray(start, start + length);
    start += length;
    for (;;) {
      const taken = scanner.scan(rest);
      const call = calls++;
      if (taken === rest.length) break;
      boundaryCalls.push([call, rest.length, taken]);
      rest = rest.subarray(taken);
    }
  }
  same("totalCalls", vector.totalCalls, calls);
  same("boundaryCalls", vector.boundaryCalls, boundaryCalls);
}

/** chunker-rolling.json: the checksum within the first chunk. */
export function runChunkerRolling(vector: Case): void {
  const bytes = input(vector.input);
  const scanner = new CafsScanner();
  const rows = new Map<number, [number, number, number]>();
  for (let at = 0; at < bytes.length; at++) {
    if (scanner.scan(bytes.subarray(at, at + 1)) === 0) break;
    rows.set(scanner.countBytes, [scanner.countBytes, scanner.checksum, scanner.checksum % 8191]);
  }
  for (const row of vector.rows) same(`row ${row[0]}`, row, rows.get(row[0]));
}
