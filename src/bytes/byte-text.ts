import type { Bytes } from "../types.ts";
import { byteStringOf, type ByteString, bytesOfString } from "./byte-string.ts";

/** A run of UTF-8, in bytes written as characters, or else one byte that belongs to none. */
const runs = new RegExp(
  [
    "((?:[\\0-\\x7f]",
    "[\\xc2-\\xdf][\\x80-\\xbf]",
    "\\xe0[\\xa0-\\xbf][\\x80-\\xbf]",
    "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}",
    "\\xed[\\x80-\\x9f][\\x80-\\xbf]",
    "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}",
    "[\\xf1-\\xf3][\\x80-\\xbf]{3}",
    "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})+)",
    "([\\x80-\\xff])",
  ].join("|"),
  "g",
);

/** A byte from 0x80 on that is no UTF-8 stands in a text as the half of a pair that ends in it. */
const escapeBase = 0xdc00;
const escapedBytes = /[\udc80-\udcff]/gu;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text that bytes are in UTF-8, or undefined when they are none. */
export function decodeUtf8(bytes: Bytes): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Text of any bytes. Those that are no UTF-8 become lone surrogates, U+DC80 to U+DCFF, which no
 * other bytes do, so that all come back.
 */
export function decodeByteText(bytes: Bytes): string {
  return decodeUtf8(bytes) ?? decodeRuns(bytes);
}

function decodeRuns(bytes: Bytes): string {
  let text = "";
  for (const { index, 1: valid, 2: other } of byteStringOf(bytes).matchAll(runs))
    text +=
      valid === undefined
        ? String.fromCharCode(escapeBase + other!.charCodeAt(0))
        : strict.decode(bytes.subarray(index, index + valid.length));
  return text;
}

/** The same of bytes that are characters. */
export function printByteString(text: ByteString): string {
  return decodeByteText(bytesOfString(text));
}

/** The bytes of such a text. */
export function encodeByteText(text: string): Bytes {
  if (!hasOtherBytes(text)) return encoder.encode(text);
  const bytes = new Uint8Array(3 * text.length);
  let end = 0;
  for (const part of text.split(/([\udc80-\udcff])/u)) {
    if (hasOtherBytes(part)) bytes[end++] = byteOf(part);
    else end += encoder.encodeInto(part, bytes.subarray(end)).written;
  }
  return bytes.slice(0, end);
}

/** True for a text of bytes that are not all UTF-8. */
export function hasOtherBytes(text: string): boolean {
  return text.search(escapedBytes) !== -1;
}

/** The text with each byte that is no UTF-8 written in another way. */
export function writeOtherBytes(text: string, write: (byte: number) => string): string {
  return text.replace(escapedBytes, (half) => write(byteOf(half)));
}

function byteOf(half: string): number {
  return half.charCodeAt(0) - escapeBase;
}
