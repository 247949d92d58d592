import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  type ChunkInfo,
  type Permutation,
  type SyncInfo,
  chunkOf,
  createBuilder,
  encodeChunk,
  encodeLegacyChunks,
  encodeSyncInfo,
  invertPermutation,
  memoryStore,
  shuffle,
  toHex,
  writeChunkData,
} from "../../src/index.ts";
import { concatBytes } from "../../src/bytes/compare.ts";
import { encodeLength } from "../../src/bytes/varint.ts";
import type { Bytes } from "../../src/types.ts";

const page = new URL("../../docs/formats.md", import.meta.url);

const text = (content: string): Bytes => new TextEncoder().encode(content);
const describe = ({ id, bytes }: { id: Bytes; bytes: Bytes }): ChunkInfo => ({ id, size: bytes.length });
const greeting = ["hello\n", "world\n"].map((line) => describe(chunkOf(text(line))));

/** Chunks by letter: `A` has the bytes `AA`, `.` none. */
const chunkNamed = (letter: string) => chunkOf(text(letter === "." ? "" : letter + letter));
const infoOf = (letters: string, perm: Permutation): SyncInfo => ({
  chunks: letters.split(" ").map((letter) => describe(chunkNamed(letter))),
  perm,
});

/** What a receiver asks for that has these chunks. */
async function wishlistOf(info: SyncInfo, present: string): Promise<Bytes> {
  const store = memoryStore();
  for (const letter of present) await store.put(chunkNamed(letter));
  return gather(createBuilder(info, store).wishlist);
}

async function gather(source: AsyncIterable<Bytes>): Promise<Bytes> {
  const blocks: Bytes[] = [];
  for await (const block of source) blocks.push(block);
  return concatBytes(blocks);
}

/** Cells in columns, each as wide as its widest. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

async function wishlistExamples(): Promise<string> {
  const cases: readonly (readonly [perm: Permutation, letters: string, present: string])[] = [
    [[0], "A B C D E F G H I", ""],
    [[0], "A B A C", ""],
    [[0], "A B A C", "A"],
    [[1, 0], "A", ""],
    [[1, 0], "A . B .", ""],
    [[2, 1, 0], "A B C D", ""],
    [[3, 4, 2, 1, 0], "A B C D E", "C"],
  ];
  const rows: string[][] = [["permutation", "chunks", "present", "bits", "bytes"]];
  for (const [perm, letters, present] of cases) {
    const info = infoOf(letters, perm);
    const wishlist = await wishlistOf(info, present);
    const digits = [...wishlist].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const bits = digits.slice(0, info.chunks.length + perm.length - 1);
    rows.push([`[${perm.join(",")}]`, letters, present === "" ? "none" : present, bits, toHex(wishlist)]);
  }
  return table(rows);
}

function shuffleExamples(): string {
  const cases: readonly (readonly [perm: Permutation, count: number])[] = [
    [[0], 4],
    [[0, 1], 3],
    [[1, 0], 3],
    [[2, 0, 1], 4],
    [[2, 1, 0], 4],
    [[3, 4, 2, 1, 0], 5],
    [[4, 3, 2, 1, 0], 2],
  ];
  const rows = cases.map(([perm, count]) => {
    const positions = [...shuffle(Array(count).keys(), perm)].map((value) => value ?? "-").join(" ");
    return [`[${perm.join(",")}]`, `[${invertPermutation(perm).join(",")}]`, String(count), positions];
  });
  return table([["P", "Inv", "n", "positions"], ...rows]);
}

async function chunkStreamExample(): Promise<string> {
  const info = infoOf("A B A C", [0]);
  const store = memoryStore();
  for (const letter of "ABC") await store.put(chunkNamed(letter));
  const { wishlist } = createBuilder(info, memoryStore());
  const stream = await gather(writeChunkData(info, store, wishlist));
  const parts = [..."ABC"].map((letter) => encodeChunk(chunkNamed(letter).bytes));
  expect(stream).toEqual(concatBytes(parts));
  return parts.map(toHex).join("\n");
}

const examples: Record<string, () => string | Promise<string>> = {
  lengths: () =>
    table([0, 1, 63, 64, 128, 8191, 8192, 131072].map((value) => [String(value), toHex(encodeLength(value))])),
  "sync-info": () => encodeSyncInfo({ chunks: greeting, perm: [1, 0] }),
  legacy: () => greeting.map((chunk) => toHex(encodeLegacyChunks([chunk]))).join("\n"),
  shuffle: shuffleExamples,
  wishlist: wishlistExamples,
  "chunk-stream": chunkStreamExample,
};

test.each(Object.keys(examples))("the example %s of docs/formats.md is what the code writes", async (name) => {
  const wanted = `<!-- example ${name} -->\n\n\`\`\`text\n${await examples[name]!()}\n\`\`\`\n\n<!-- end -->`;
  const doc = readFileSync(page, "utf8");
  const found = doc.match(new RegExp(`<!-- example ${name} -->[^]*?<!-- end -->`))?.[0];
  // UPDATE_DOCS=1 npx vitest run test/golden writes them anew.
  if (process.env["UPDATE_DOCS"] === "1" && found !== undefined)
    writeFileSync(page, doc.replace(found, wanted));
  else expect(found).toBe(wanted);
});
