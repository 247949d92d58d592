import { encodeByteText, hasOtherBytes } from "./byte-text.ts";

/** The path that a text of any bytes is, as file calls take it. */
export function pathOf(text: string): string | Buffer {
  return hasOtherBytes(text) ? Buffer.from(encodeByteText(text)) : text;
}
