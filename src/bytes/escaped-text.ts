import { writeOtherBytes } from "./byte-text.ts";

/** C0, DEL, C1, line separators, and all that changes the direction of text. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text from outside, such as a file's name, so that it can neither move the cursor nor hide what it
 * is. Bytes that are no UTF-8 are shown by their number, where they are known.
 */
export function escapeText(text: string): string {
  return writeOtherBytes(text, (byte) => `\\x${byte.toString(16)}`).replace(unsafe, (character) => {
    const digits = character.charCodeAt(0).toString(16);
    return digits.length <= 2 ? `\\x${digits.padStart(2, "0")}` : numbered(character);
  });
}

/**
 * A value as JSON on one line: characters that could move a cursor or hide what a name is are
 * written as `\u` and their number, which parsers read the same.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, numbered);
}

function numbered(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
