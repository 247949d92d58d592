import type { BigIntStats } from "node:fs";
import { expect, test } from "vitest";
import { fileFactsIn, objectOfFile } from "../../../src/bucket/dir-facts.node.ts";

test.each([
  [1_700_000_000_500_000_000n, 1_700_000_000.5],
  [0n, 0],
  [-500_000_000n, -0.5],
  [-1_500_000_000n, -1.5],
])("a time of %s ns is kept as metadata and given back", (mtimeNs, timeSeconds) => {
  const stats = { size: 1n, mtimeMs: mtimeNs / 1_000_000n, mtimeNs, ctimeNs: 0n, ino: 1n, mode: 0o100640n };
  const { metadata } = objectOfFile(stats as unknown as BigIntStats);
  expect(fileFactsIn(metadata)).toEqual({ timeSeconds, mode: 0o640 });
});

test("metadata without a time or a mode gives none", () => {
  expect(fileFactsIn({ headers: {}, user: { mtime: "", mode: "" } })).toEqual({});
});
