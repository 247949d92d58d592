import { concatBytes } from "../../src/bytes/compare.ts";
import { toHex } from "../../src/bytes/hex.ts";
import type { Chunk } from "../../src/chunk/chunk.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import { fileMacBytes, pieceMacBytes } from "../../src/chunk/pieces.ts";
import { type Subtree, SubtreeDigests } from "../../src/tree/entry/subtree-digests.ts";
import type { Bytes } from "../../src/types.ts";

/** Bytes that a letter of a file stands for: with two of them a file is long enough for pieces. */
export const letterBytes = 2048;

/** A file: each letter of its content is a chunk, and a piece. */
export interface TinyFile {
  readonly content: string;
  /** Its time, which differs between versions. */
  readonly version: number;
}

/** Files by path, in canonical order; a path that ends in `/` is a directory. */
export type TinyTree = ReadonlyMap<string, TinyFile>;

/** A tree of such files; each of version 1 unless it says so, as in `a: "xy@2"`. */
export function tinyTree(files: Readonly<Record<string, string>>): TinyTree {
  return new Map(
    Object.entries(files).map(([path, text]) => {
      const [content = "", version = "1"] = text.split("@");
      return [path, { content, version: Number(version) }];
    }),
  );
}

const letters = new Map<string, Chunk>();
const lettersById = new Map<string, string>();
for (const letter of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  const bytes = new Uint8Array(letterBytes).fill(letter.charCodeAt(0));
  const id = sha256(bytes);
  letters.set(letter, { id, bytes } as Chunk);
  lettersById.set(toHex(id), letter);
}

/** Chunks, one after another. */
interface Chunks {
  readonly sizes: readonly number[];
  readonly ids: Bytes;
  readonly bytes: Bytes;
}

const made = new Map<string, Chunks>();

/** The chunks of some content; nobody changes them. */
export function chunksOf(content: string): Chunks {
  const chunks = made.get(content) ?? makeChunks(content);
  made.set(content, chunks);
  return chunks;
}

function makeChunks(content: string): Chunks {
  const chunks = Array.from(content, (letter) => letters.get(letter)!);
  return {
    sizes: chunks.map(() => letterBytes),
    ids: Uint8Array.from(chunks.flatMap(({ id }) => [...id])),
    bytes: bytesOf(content),
  };
}

export function bytesOf(content: string): Bytes {
  return concatBytes(Array.from(content, (letter) => letters.get(letter)!.bytes));
}

/** The letters that some bytes are. */
export function lettersOf(bytes: Bytes): string {
  return Array.from({ length: bytes.length / letterBytes }, (_, i) =>
    String.fromCharCode(bytes[i * letterBytes]!),
  ).join("");
}

export function nameOf(text: string): Bytes {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * The MACs of pieces, one after another. Those of a capital and of its small letter are as good as
 * equal: what is sent of them does not tell them apart.
 */
export function pieceMacsOf(content: string): Bytes {
  return concatBytes(Array.from(content, pieceMacOf));
}

function pieceMacOf(letter: string): Bytes {
  const mac = new Uint8Array(pieceMacBytes).fill(letter.toLowerCase().charCodeAt(0));
  mac[pieceMacBytes - 1] = letter.charCodeAt(0);
  return mac;
}

/** The MAC of a file. */
export function fileMacOf(content: string): Bytes {
  return sha256(nameOf(content)).slice(0, fileMacBytes);
}

/** The letter that a chunk of this id is. */
export function letterOf(id: Bytes): string | undefined {
  return lettersById.get(toHex(id));
}

/** The name of the top directory where directories are compared. */
export const topName = nameOf("d");
const top = "d/";

/** The directories of a tree that has nothing beside `d`, each behind those that lie in it. */
export function subtreesOf(tree: TinyTree): readonly Subtree[] {
  const digests = new SubtreeDigests();
  let depth = 0;
  const leaveTo = (around: number): void => {
    for (; depth > around; depth--) digests.close();
  };
  for (const [path, { content, version }] of tree) {
    if (path === top) continue;
    const names = path.slice(top.length).replace(/\/$/, "").split("/");
    const name = names.at(-1)!;
    const kind = path.endsWith("/") ? "dir" : "file";
    const size = content.length * letterBytes;
    leaveTo(names.length - 1);
    digests.add(name, { kind, size, mode: 0o644, mtimeSec: version, mtimeNsec: 0 });
    if (kind === "file") continue;
    digests.open(name);
    depth += 1;
  }
  leaveTo(0);
  return digests.finish();
}
