/** What the pages say an implementation of pieces and keyed MACs can be checked by. */
import { expect, test } from "vitest";
import { toHex } from "../../src/bytes/hex.ts";
import { createPieceKernel } from "../../src/chunk/piece-kernel.ts";
import type { PieceRule } from "../../src/chunk/piece-rules.ts";
import { readPage, tableRows } from "../house/pages.ts";
import { xorshiftBytes } from "../vectors/input.ts";

const content = xorshiftBytes(1, 1_000_000);

function kernelOf(language: "wasm" | "js") {
  const kernel = createPieceKernel(
    Uint8Array.from({ length: 32 }, (_, i) => i),
    { kernel: language },
  );
  kernel.buffer.set(content);
  return kernel;
}

test.each(["wasm", "js"] as const)("the MACs of docs/macs.md: %s", (language) => {
  const rows = tableRows(readPage("docs/macs.md").text).filter(([size]) => /^\d+$/.test(size!));
  expect(rows.length).toBe(6);
  const kernel = kernelOf(language);
  for (const [size, mac] of rows) {
    for (let rest = Number(size); rest > 0; rest -= content.length) {
      kernel.update(0, Math.min(rest, content.length));
    }
    expect(toHex(kernel.digest()), `${size} bytes`).toBe(mac);
  }
});

test.each(["wasm", "js"] as const)("the pieces of docs/cutters.md: %s", (language) => {
  const rows = tableRows(readPage("docs/cutters.md").text).filter(([rule]) => rule!.startsWith("by "));
  expect(rows.length).toBe(3);
  const kernel = kernelOf(language);
  for (const [name, count, first] of rows) {
    const averageBytes = Number(/\d+/.exec(name!)?.[0]);
    const rule: PieceRule = name === "by lines" ? { kind: "lines" } : { kind: "gear", averageBytes };
    const ends = kernel.cut(rule, content.length, true);
    expect([ends.length, ends.subarray(0, 5).join(", ")], name).toEqual([Number(count), first]);
  }
});
