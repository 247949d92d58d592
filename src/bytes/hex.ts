import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** What stands for a character that is no digit. */
const noDigit = 0xff;

/** By character, what it is as a digit. */
const values = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? noDigit : value;
});

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Two lower-case hex digits for each byte. */
export function toHex(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += pairs[byte];
  return text;
}

/**
 * The bytes that a text of hex digits, in either case, stands for.
 *
 * @throws BAD_MESSAGE when a digit is odd or missing
 */
export function fromHex(text: string): Bytes {
  if (text.length % 2 !== 0) throw new SyncError("BAD_MESSAGE", "odd number of hex digits");
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = values[text.charCodeAt(2 * i)] ?? noDigit;
    const low = values[text.charCodeAt(2 * i + 1)] ?? noDigit;
    if (high === noDigit || low === noDigit) {
      throw new SyncError("BAD_MESSAGE", "not a hex digit", {
        detail: { offset: high === noDigit ? 2 * i : 2 * i + 1 },
      });
    }
    bytes[i] = 16 * high + low;
  }
  return bytes;
}
