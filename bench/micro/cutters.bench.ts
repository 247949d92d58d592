import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { createHash, randomFillSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CafsScanner } from "../../src/chunk/cafs-scanner.ts";
import { createCutter } from "../../src/chunk/create-cutter.ts";
import { cafsSpec, fastcdcSpec } from "../../src/chunk/cutter-specs.ts";
import type { Cutter, CutterSpec } from "../../src/chunk/cutter.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import { naiveCut } from "../../test/unit/chunk/naive-cutters.ts";
import { compare, type BenchRow } from "../row.ts";

const blockBytes = 1024 * 1024;
const inputs: Record<string, Uint8Array> = {
  random: randomFillSync(new Uint8Array(blockBytes)),
  zeros: new Uint8Array(blockBytes),
  "a cut every 128": Uint8Array.from({ length: blockBytes }, (_, i) => (i % 2 === 0 ? 0x07 : 0x2d)),
};

/** Cutting, without and with reading and hashing. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [what, bytes] of Object.entries(inputs)) {
    for (const spec of [fastcdcSpec(), cafsSpec]) {
      if (spec.name === "fastcdc" && what === "a cut every 128") continue;
      for (const kernel of ["wasm", "js"] as const) rows.push(await cutting(what, bytes, spec, kernel));
    }
  }
  return [...rows, await scanning(inputs["random"]!), await indexingFile()];
}

function cutting(
  what: string,
  bytes: Uint8Array,
  spec: CutterSpec,
  kernel: "wasm" | "js",
): Promise<BenchRow> {
  const cutter = createCutter(spec, { kernel });
  cutter.buffer.set(bytes);
  return compare({
    name: `${spec.name} ${kernel}, ${what}`,
    peer: "the plain rule",
    unit: "GB/s",
    perRun: blockBytes / 1e9,
    naive: () => naiveCut(bytes, spec),
    fast: () => cutter.cut(blockBytes, true),
  });
}

/** The rule of CAFS over blocks as a network gives them. */
function scanning(bytes: Uint8Array): Promise<BenchRow> {
  return compare({
    name: "CafsScanner, 64 KiB blocks",
    peer: "the plain rule",
    unit: "GB/s",
    perRun: bytes.length / 1e9,
    naive: () => naiveCut(bytes, cafsSpec),
    fast: () => scanAll(bytes),
  });
}

function scanAll(bytes: Uint8Array): number {
  const scanner = new CafsScanner();
  let count = 0;
  for (let at = 0; at < bytes.length;) {
    const block = bytes.subarray(at, at + 65536);
    const taken = scanner.scan(block);
    if (taken < block.length) count++;
    at += taken;
  }
  return count;
}

/** Reads, cuts and hashes one big file that the system has in memory. */
async function indexingFile(): Promise<BenchRow> {
  const fileBytes = 32 * blockBytes;
  const folder = mkdtempSync(join(tmpdir(), "cutters-"));
  const path = join(folder, "blob");
  writeFileSync(path, randomFillSync(new Uint8Array(fileBytes)));
  const file = openSync(path, "r");
  const cutter = createCutter(fastcdcSpec());
  try {
    return await compare({
      name: "read, cut and hash a file",
      peer: "the plain rule, createHash",
      unit: "GB/s",
      perRun: fileBytes / 1e9,
      naive: () => indexNaively(file, fileBytes),
      fast: () => index(file, cutter),
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

function index(file: number, cutter: Cutter): number {
  let position = 0;
  let filled = 0;
  let count = 0;
  for (;;) {
    const read = readSync(file, cutter.buffer, filled, cutter.buffer.length - filled, position);
    position += read;
    filled += read;
    let start = 0;
    for (const end of cutter.cut(filled, read === 0)) {
      sha256(cutter.buffer.subarray(start, end));
      start = end;
      count++;
    }
    if (read === 0) return count;
    cutter.buffer.copyWithin(0, start, filled);
    filled -= start;
  }
}

function indexNaively(file: number, fileBytes: number): number {
  const bytes = new Uint8Array(fileBytes);
  readSync(file, bytes, 0, fileBytes, 0);
  let start = 0;
  const ends = naiveCut(bytes, fastcdcSpec());
  for (const end of ends) {
    createHash("sha256").update(bytes.subarray(start, end)).digest();
    start = end;
  }
  return ends.length;
}
