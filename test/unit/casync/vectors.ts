import { readFileSync } from "node:fs";

/** A file of the vectors of casync. */
export function casyncVector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../vectors/casync/${path}`, import.meta.url)));
}

/** A JSON file of the vectors of casync. */
export function casyncJson<Content>(path: string): Content {
  return JSON.parse(Buffer.from(casyncVector(path)).toString()) as Content;
}

/** Bytes as a stream in blocks of a size. */
export async function* inBlocks(bytes: Uint8Array, blockBytes = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += blockBytes) yield bytes.subarray(at, at + blockBytes);
}

/** All that a stream yields. */
export async function collect<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of source) all.push(item);
  return all;
}
