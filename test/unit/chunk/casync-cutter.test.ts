import { describe, expect, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { buzhashTable } from "../../../src/chunk/buzhash-table.ts";
import { discriminatorOf } from "../../../src/chunk/casync-finder.ts";
import { createCutter } from "../../../src/chunk/create-cutter.ts";
import { casyncSpec, maxChunkBytes } from "../../../src/chunk/cutter-specs.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { createSha512_256, sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { casyncInput, type CasyncInput } from "../../vectors/casync-input.ts";
import { loadCases } from "../../vectors/load.ts";
import { readFileSync } from "node:fs";
import { cutAll } from "./cut-all.ts";
import { naiveCut } from "./naive-cutters.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

interface Run {
  readonly chunkSizeArg: string;
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  readonly discriminator: number;
  readonly digest: "sha256" | "sha512-256";
  readonly blobDigest: string;
  readonly sizes: readonly number[];
  readonly ids: readonly string[];
}

interface ChunkingCase {
  readonly name: string;
  readonly input: CasyncInput;
  readonly runs: readonly Run[];
}

const specOf = ({ min, avg, max }: Pick<Run, "min" | "avg" | "max">) =>
  casyncSpec({ minBytes: min, averageBytes: avg, maxBytes: max });

describe.each(["wasm", "js"] as const)("chunks of casync by %s", (kernel) => {
  test.each(loadCases<ChunkingCase>("casync/chunking.json"))("$name", ({ input, runs }) => {
    const bytes = casyncInput(input);
    for (const run of runs) {
      const ends = cutAll(createCutter(specOf(run), { kernel }), bytes);
      expect(
        ends.map((end, i) => end - (ends[i - 1] ?? 0)),
        run.chunkSizeArg,
      ).toEqual(run.sizes);
      const digest = run.digest === "sha256" ? sha256Digest : sha512_256Digest;
      const ids = ends.map((end, i) => chunkOf(bytes.subarray(ends[i - 1] ?? 0, end), digest).id);
      expect(ids.map(toHex)).toEqual(run.ids);
      expect(toHex(chunkOf(bytes, digest).id)).toBe(run.blobDigest);
    }
  });

  test.each([
    [16, 64, 256],
    [1, 1, 48],
    [64, 64, 65],
    [48, 100, 4096],
    [300, 1000, 1000],
    [7, 7, 7],
  ])("sizes %i:%i:%i as by the plain rule, in blocks of any size", (min, avg, max) => {
    const bytes = xorshiftBytes(3, 50_000);
    const spec = specOf({ min, avg, max });
    for (const blockBytes of [bytes.length, 4099]) {
      const ends = cutAll(createCutter(spec, { kernel }), bytes, blockBytes);
      expect(ends).toEqual(naiveCut(bytes, spec));
    }
  });
});

const basics = JSON.parse(
  readFileSync(new URL("../../vectors/casync/basics.json", import.meta.url), "utf8"),
) as {
  readonly buzhash: readonly { readonly input: CasyncInput; readonly hashes: readonly string[] }[];
  readonly discriminators: readonly (Pick<Run, "min" | "avg" | "max"> & { readonly clamped: number })[];
};

test("the table gives the hashes of casync", () => {
  const table = buzhashTable();
  for (const { input, hashes } of basics.buzhash) {
    const bytes = casyncInput(input);
    const found = hashes.map((_, start) =>
      bytes
        .subarray(start, start + 48)
        .reduce((hash, byte) => ((hash << 1) | (hash >>> 31)) ^ table[byte]!, 0),
    );
    expect(found.map((hash) => `0x${(hash >>> 0).toString(16).padStart(8, "0")}`)).toEqual(hashes);
  }
});

test("averages give the divisors of casync", () => {
  for (const { min, avg, max, clamped } of basics.discriminators) {
    const sizes = { name: "casync", minBytes: min, averageBytes: avg, maxBytes: max };
    expect(discriminatorOf(sizes), `${min}:${avg}:${max}`).toBe(clamped);
  }
});

test("sizes that casync could not cut by are refused", () => {
  for (const [min, avg, max] of [
    [1, 2, 3],
    [1, 16, 40],
    [0, 64, 128],
    [128, 64, 256],
    [64, 512, 256],
    [64, 1024, maxChunkBytes + 1],
  ] as const)
    expect(() => specOf({ min, avg, max })).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
});

test("SHA-512/256 of bytes in parts is that of all", () => {
  const bytes = xorshiftBytes(9, 1000);
  const digester = createSha512_256();
  digester.update(bytes.subarray(0, 333));
  digester.update(bytes.subarray(333));
  expect(digester.digest()).toEqual(chunkOf(bytes, sha512_256Digest).id);
});
