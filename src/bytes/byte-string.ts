import type { Bytes } from "../types.ts";

/**
 * Bytes as a string with one character a byte, from U+0000 to U+00FF: names on disk are bytes, not
 * text, and strings are compared, cut and looked up faster.
 */
export type ByteString = string;

/** Characters that one call makes; a call takes only so many arguments. */
const batchBytes = 8192;

/** Bytes as such a string. */
export function byteStringOf(bytes: Bytes): ByteString {
  let text = "";
  for (let at = 0; at < bytes.length; at += batchBytes)
    text += String.fromCharCode(...bytes.subarray(at, at + batchBytes));
  return text;
}

/** The UTF-8 of a text as such a string. */
export function utf8ByteString(text: string): ByteString {
  return byteStringOf(new TextEncoder().encode(text));
}

/** The bytes of such a string. */
export function bytesOfString(text: ByteString): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
