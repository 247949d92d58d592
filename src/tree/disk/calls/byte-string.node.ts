import { isUtf8 } from "node:buffer";
import { decodeByteText, encodeByteText } from "../../../bytes/byte-text.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";

/**
 * Names as this room keeps them in Node: strings with one character per byte.
 *
 * A name on disk is any bytes, not text. As such a string it takes one byte a byte, sorts by its
 * bytes with the plain `sort()`, and is a key of a Map; a Buffer is none of these.
 */
export type ByteString = string;

/** A path as Node's file calls take it. */
export type NativePath = string | Buffer;

/**
 * A path as callers give it: text, or its bytes, for a name on disk need not be text. Single
 * surrogates in text stand for such bytes, as `decodeByteText` has them.
 */
export type PlacePath = string | Bytes;

/** A caller's path with one character per byte. */
export function placeBytes(place: PlacePath): ByteString {
  return toByteString(typeof place === "string" ? encodeByteText(place) : place);
}

/** A name's bytes as a string. */
export function toByteString(bytes: Bytes): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The bytes of a name. */
export function fromByteString(name: ByteString): Buffer {
  return Buffer.from(name, "latin1");
}

/**
 * A name as the C library takes it, in a buffer that is longer; the next call uses it again. A loop
 * takes half the time of Node's call.
 */
export function terminate(buffer: Buffer, name: ByteString): Buffer {
  for (let i = 0; i < name.length; i++) buffer[i] = name.charCodeAt(i);
  buffer[name.length] = 0;
  return buffer;
}

/** Deno takes bytes, but makes text of them: it would reach another name. */
export const takesAnyBytes = process.versions["deno"] === undefined;

/**
 * The path for a file call: Node would write characters from 0x80 on as two bytes, so those go as a
 * Buffer.
 *
 * @throws UNSUPPORTED for a path that cannot be reached
 */
export function nativePath(path: ByteString): NativePath {
  if (Buffer.byteLength(path) === path.length) return path;
  const bytes = fromByteString(path);
  if (takesAnyBytes || isUtf8(bytes)) return bytes;
  throw new SyncError("UNSUPPORTED", "Deno reaches no name that is not UTF-8");
}

/** The path as text, for messages. */
export function printPath(path: ByteString): string {
  return decodeByteText(fromByteString(path));
}
