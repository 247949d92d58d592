import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { idParts } from "../../../../src/cli/desync/id-parts.ts";
import { freshFolder } from "../../../cli/run.ts";
import { xorshiftBytes } from "../../../vectors/input.ts";

test("each id is in one part, and a part has as many as others", () => {
  const path = join(freshFolder(), "index");
  writeFileSync(path, "");
  truncateSync(path, 40 * 2_500_000);
  const parts = idParts(path);
  expect(parts.length).toBe(4);
  const ids = xorshiftBytes(31, 32 * 4000);
  const counts = parts.map(() => 0);
  for (let at = 0; at < ids.length; at += 32) {
    const found = parts.flatMap((isIn, part) => (isIn(ids.subarray(at, at + 32)) ? [part] : []));
    expect(found.length).toBe(1);
    counts[found[0]!]!++;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  for (const byte of [0x00, 0xff]) {
    const id = new Uint8Array(32).fill(byte);
    expect(parts.map((isIn) => isIn(id))).toEqual(parts.map((_, part) => part === (byte === 0 ? 0 : 3)));
  }
});

test("what can be read once is one part", () => {
  expect(idParts("-").map((isIn) => isIn(new Uint8Array(32).fill(255)))).toEqual([true]);
});
