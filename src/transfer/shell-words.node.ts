import { SyncError } from "../errors.ts";
import { hasOtherBytes, writeOtherBytes } from "../bytes/byte-text.ts";

/**
 * The text as one word of a POSIX shell, whatever is in it. fish reads backslashes between quotes,
 * and csh exclamation marks, so these stand outside of them.
 */
export function quoteForShell(text: string): string {
  return /^[A-Za-z0-9_./=@%+,:-]+$/.test(text) ? text : `'${text.replace(/['\\!]/g, String.raw`'\$&'`)}'`;
}

/**
 * Splits a command as `rsync -e` does: at blanks, except between quotes. Nothing else is special,
 * no shell sees it.
 *
 * @throws USAGE when there is no word, or a quote is not closed
 */
export function splitWords(text: string): [string, ...string[]] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const character of text) {
    if (character === quote) quote = undefined;
    else if (quote !== undefined) word = (word ?? "") + character;
    else if (character === "'" || character === '"') [quote, word] = [character, word ?? ""];
    else if (character !== " ") word = (word ?? "") + character;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (word !== undefined) words.push(word);
  const [first, ...rest] = words;
  if (quote !== undefined || first === undefined) throw new SyncError("USAGE", `not a command: ${text}`);
  return [first, ...rest];
}

/**
 * A command and its arguments as a child process can be given them. Node.js hands on text alone, so
 * bytes that are no UTF-8 go by the shell here, which makes them of their numbers.
 */
export function byteWords(words: readonly [string, ...string[]]): [string, ...string[]] {
  if (!words.some(hasOtherBytes)) return [...words];
  const quoted = words.map((word) =>
    writeOtherBytes(quoteForShell(word), (byte) => `'"$(printf '\\${byte.toString(8)}')"'`),
  );
  return ["/bin/sh", "-c", `exec ${quoted.join(" ")}`];
}
