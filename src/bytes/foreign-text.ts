import type { Bytes } from "../types.ts";

/** Characters that are shown of a text from outside. */
const shownCount = 100;
/** Bytes in which its first line has to be. */
const seenBytes = 4096;

/**
 * What bytes say that are not what was expected, for a message: the first line that is not blank,
 * or the title of a page, at most 100 characters, in quotes. Undefined when they are no text.
 * Control characters in it are for the reader to escape.
 */
export function quoteText(bytes: Bytes): string | undefined {
  const text = new TextDecoder().decode(bytes.subarray(0, seenBytes));
  const title = /<title[^>]*>([^<]*\S[^<]*)<\/title/i.exec(text)?.[1];
  const line = (title ?? text).split(/[\r\n]+/).find((each) => each.trim() !== "");
  if (line === undefined || /[\0-\x06\x08\x0e-\x1a]/.test(line.slice(0, shownCount))) return undefined;
  const words = [...line.trim()];
  return `"${words.slice(0, shownCount).join("")}${words.length > shownCount ? "..." : ""}"`;
}
