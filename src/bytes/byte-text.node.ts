import type { Bytes } from "../types.ts";

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
const escaped = /[\udc80-\udcff]/u;

/**
 * Text of any bytes. Those that are no UTF-8 become lone surrogates, U+DC80 to U+DCFF, which no
 * other bytes do, so that all come back.
 */
export function decodeByteText(bytes: Bytes): string {
  const latin1 = Buffer.from(bytes).toString("latin1");
  return latin1.replace(runs, (_, valid: string | undefined, other: string) =>
    valid === undefined
      ? String.fromCharCode(escapeBase + other.charCodeAt(0))
      : Buffer.from(valid, "latin1").toString(),
  );
}

/** The bytes of such a text. */
export function encodeByteText(text: string): Buffer {
  const parts = text.split(/([\udc80-\udcff])/u);
  return Buffer.concat(parts.map((part, i) => (i % 2 === 0 ? Buffer.from(part) : byteOf(part))));
}

/** The path that such a text is, as file calls take it. */
export function pathOf(text: string): string | Buffer {
  return hasOtherBytes(text) ? encodeByteText(text) : text;
}

/** True for a text of bytes that are not all UTF-8. */
export function hasOtherBytes(text: string): boolean {
  return escaped.test(text);
}

/** The text with each byte that is no UTF-8 written in another way. */
export function writeOtherBytes(text: string, write: (byte: number) => string): string {
  return text.replace(/[\udc80-\udcff]/gu, (half) => write(byteOf(half)[0]!));
}

function byteOf(half: string): Buffer {
  return Buffer.of(half.charCodeAt(0) - escapeBase);
}
