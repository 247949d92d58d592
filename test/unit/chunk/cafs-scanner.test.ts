import { expect, test } from "vitest";
import { CafsScanner } from "../../../src/chunk/cafs-scanner.ts";
import { inputBytes, type InputSpec } from "../../vectors/input.ts";
import { loadCases } from "../../vectors/load.ts";

interface RollingCase {
  readonly name: string;
  readonly input: InputSpec;
  readonly rows: readonly (readonly [countBytes: number, checksum: number, residue: number])[];
}

interface ScanCase {
  readonly name: string;
  readonly input: InputSpec;
  readonly pieces: readonly number[];
  readonly totalCalls: number;
  readonly boundaryCalls: readonly (readonly [call: number, offered: number, taken: number])[];
}

test.each(loadCases<RollingCase>("cafs/chunker-rolling.json"))("checksums of $name", ({ input, rows }) => {
  const bytes = inputBytes(input);
  const scanner = new CafsScanner();
  for (const [countBytes, checksum, residue] of rows) {
    const block = bytes.subarray(scanner.countBytes, countBytes);
    expect(scanner.scan(block)).toBe(block.length);
    expect(scanner.countBytes).toBe(countBytes);
    expect(scanner.checksum).toBe(checksum);
    expect(scanner.checksum % 8191).toBe(residue);
  }
});

test.each(loadCases<ScanCase>("cafs/chunker-scan.json"))("boundaries of $name", (vector) => {
  const bytes = inputBytes(vector.input);
  const scanner = new CafsScanner();
  const boundaries: [number, number, number][] = [];
  let calls = 0;
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const end = Math.min(bytes.length, at + vector.pieces[piece % vector.pieces.length]!);
    for (;;) {
      const taken = scanner.scan(bytes.subarray(at, end));
      const offered = end - at;
      at += taken;
      calls++;
      if (taken === offered) break;
      boundaries.push([calls - 1, offered, taken]);
    }
  }
  expect(boundaries).toEqual(vector.boundaryCalls);
  expect(calls).toBe(vector.totalCalls);
});

test("no bytes change nothing", () => {
  const scanner = new CafsScanner();
  scanner.scan(Uint8Array.of(1, 2, 3));
  const before = [scanner.countBytes, scanner.checksum];
  expect(scanner.scan(new Uint8Array())).toBe(0);
  expect([scanner.countBytes, scanner.checksum]).toEqual(before);
});
