import { concatBytes } from "../bytes/compare.ts";
import type { SyncError } from "../errors.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { walkFiles } from "./file-walk.ts";
import { readRecord } from "./folder-record.ts";
import { findPicked } from "./picked.ts";

const blockBytes = 512;
/** Bytes of a name that fits into a header; longer ones get a header of their own. */
const maxShortNameBytes = 100;
/** Sizes from here on do not fit into the digits of a header. */
const largeBytes = 8 ** 11;
/** Two empty blocks end an archive. */
const end = new Uint8Array(2 * blockBytes);
const encoder = new TextEncoder();

/** What a header says. */
interface Header extends Pick<Entry, "size" | "mode" | "mtimeSec"> {
  readonly name: Bytes;
  readonly type: "file" | "dir" | "more";
}

const typeFlags = { file: "0", dir: "5", more: "x" } as const;

/**
 * A directory as a tar archive, to be downloaded. The archive refers to the files, so it takes
 * neither memory nor time, and is good for as long as they do not change.
 *
 * @throws VANISHED, IO when something cannot be listed
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export async function tarOf(directory: FileSystemDirectoryHandle, options: AbortOptions = {}): Promise<Blob> {
  const parts: BlobPart[] = [];
  const records = await readRecord(directory);
  const onTrouble = (error: SyncError): never => {
    throw error;
  };
  for await (const entries of walkFiles(findPicked(directory), { ...options, records, onTrouble })) {
    for (const { entry, file } of entries) {
      if (file.path === "") continue;
      parts.push(headOf(entry, file.path));
      if (file.file) parts.push(file.file, padding(entry.size));
    }
  }
  return new Blob([...parts, end], { type: "application/x-tar" });
}

function headOf(entry: Entry, path: string): Uint8Array<ArrayBuffer> {
  const { size, mode, mtimeSec } = entry;
  const type = entry.kind === "dir" ? "dir" : "file";
  const name = encoder.encode(type === "dir" ? `${path}/` : path);
  const isPlain = name.length <= maxShortNameBytes && name.every((byte) => byte < 0x80);
  const own = headerBlock({ name: name.subarray(0, maxShortNameBytes), type, size, mode, mtimeSec });
  if (isPlain && size < largeBytes) return own;
  const more = concatBytes([paxRecord("path", name), paxRecord("size", encoder.encode(`${size}`))]);
  const about = {
    name: encoder.encode("more"),
    type: "more",
    size: more.length,
    mode: 0o644,
    mtimeSec,
  } as const;
  return concatBytes([headerBlock(about), more, padding(more.length), own]) as Uint8Array<ArrayBuffer>;
}

function headerBlock({ name, type, size, mode, mtimeSec }: Header): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockBytes);
  const put = (text: string, at: number): void => block.set(encoder.encode(text), at);
  block.set(name);
  put(octal(mode, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size < largeBytes ? size : 0, 11), 124);
  put(octal(Math.max(0, mtimeSec), 11), 136);
  put("        ", 148);
  put(typeFlags[type], 156);
  put("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${octal(sum, 6)}\u0000 `, 148);
  return block;
}

/** A record begins with its own length, the digits of that included. */
function paxRecord(key: string, value: Bytes): Bytes {
  const rest = concatBytes([encoder.encode(` ${key}=`), value, encoder.encode("\n")]);
  let length = rest.length;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return concatBytes([encoder.encode(`${length}`), rest]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((blockBytes - (size % blockBytes)) % blockBytes);
}
