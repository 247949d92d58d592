import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { CatarType } from "./catar-node.ts";

/*
 * The headers of tar archives: POSIX ustar, and what GNU tar made of it.
 */

/** Bytes of a block; headers are one, content is filled up to whole ones. */
export const tarBlockBytes = 512;

/** Bytes that fill content of some size up to whole blocks. */
export function tarFill(size: number): number {
  return (tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes;
}

/** Where a field stands in a header, and how long it is. */
export type TarField = readonly [at: number, length: number];

/** The fields that are read and written here. */
export const tarFields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  target: [157, 100],
  magic: [257, 8],
  user: [265, 32],
  group: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<string, TarField>;

/** What the letters of types stand for. */
export const tarTypes: ReadonlyMap<string, CatarType> = new Map<string, CatarType>([
  ["\0", "file"],
  ["0", "file"],
  ["7", "file"],
  ["2", "symlink"],
  ["3", "char"],
  ["4", "block"],
  ["5", "dir"],
  ["6", "fifo"],
]);

/** The bytes of a text field, up to its first NUL. */
export function tarText(header: Bytes, [at, length]: TarField): Bytes {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.slice(0, end < 0 ? length : end);
}

/** A number: in octal, or where its first bit is set in binary. @throws BAD_MESSAGE */
export function tarNumber(header: Bytes, field: TarField): number {
  const [at, length] = field;
  if ((header[at]! & 0x80) !== 0) return binaryNumber(header.subarray(at, at + length));
  const text = new TextDecoder("latin1").decode(tarText(header, field)).trim();
  if (!/^[0-7]*$/.test(text)) throw badHeader();
  return text === "" ? 0 : Number.parseInt(text, 8);
}

function binaryNumber(bytes: Bytes): number {
  // The second bit is the sign: what follows is a complement of two.
  let value = (bytes[0]! & 0x40) === 0 ? BigInt(bytes[0]! & 0x3f) : BigInt(bytes[0]! | ~0x7f);
  for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw badHeader();
  return number;
}

/** Writes a number: in octal where it fits. */
export function setTarNumber(header: Bytes, [at, length]: TarField, value: number): void {
  const digits = length - 1;
  if (value >= 0 && value < 8 ** digits) {
    header.set(new TextEncoder().encode(`${value.toString(8).padStart(digits, "0")}\0`), at);
    return;
  }
  let rest = BigInt(value);
  for (let i = length - 1; i >= 0; i--, rest >>= 8n) header[at + i] = Number(rest & 0xffn);
  header[at] = value < 0 ? 0xff : 0x80;
}

/** The sum of a header's bytes, its own field counting as spaces. */
export function tarChecksum(header: Bytes): number {
  const [at, length] = tarFields.checksum;
  let sum = 0;
  for (const [i, byte] of header.entries()) sum += i >= at && i < at + length ? 0x20 : byte;
  return sum;
}

/** The error for what is no header. */
export function badHeader(): SyncError {
  return new SyncError("BAD_MESSAGE", "this is no tar archive, or a damaged one");
}
