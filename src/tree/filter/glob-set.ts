import type { ByteString } from "../../bytes/byte-string.ts";

/** A set of bytes as a pattern writes it, and where the pattern goes on. */
interface GlobSet {
  readonly takes: (byte: number) => boolean;
  readonly end: number;
}

/**
 * The classes of POSIX, for ASCII alone: other bytes mean different things to different readers.
 */
const classes: ReadonlyMap<string, RegExp> = new Map([
  ["alnum", /[0-9A-Za-z]/],
  ["alpha", /[A-Za-z]/],
  ["blank", /[ \t]/],
  ["cntrl", /[^ -~\x80-\xff]/],
  ["digit", /[0-9]/],
  ["graph", /[!-~]/],
  ["lower", /[a-z]/],
  ["print", /[ -~]/],
  ["punct", /[!-/:-@[-`{-~]/],
  ["space", /[ \t-\r]/],
  ["upper", /[A-Z]/],
  ["xdigit", /[0-9A-Fa-f]/],
]);

/**
 * Reads what follows the opening bracket. `!` or `^` at the start negates; `]` at the start is a
 * member; a backslash takes the meaning from the byte behind it. A set that is not closed, or that
 * names an unknown class, holds nothing and takes up the rest of the pattern.
 */
export function readGlobSet(pattern: ByteString, from: number): GlobSet {
  const isNegated = pattern[from] === "!" || pattern[from] === "^";
  const first = isNegated ? from + 1 : from;
  const members = new Uint8Array(256);
  let at = first;
  while (at < pattern.length && (at === first || pattern[at] !== "]")) {
    at = readClass(pattern, at, members) ?? readRange(pattern, at, members);
  }
  if (pattern[at] !== "]") return { takes: () => false, end: pattern.length };
  return { takes: (byte) => (members[byte] === 1) !== isNegated, end: at + 1 };
}

/**
 * Reads `[:name:]`. Returns where it ends: at the end of the pattern when it is not well formed;
 * undefined when there is none.
 */
function readClass(pattern: ByteString, at: number, members: Uint8Array): number | undefined {
  if (pattern[at] !== "[" || pattern[at + 1] !== ":") return undefined;
  const end = pattern.indexOf("]", at + 2);
  if (end < 0) return pattern.length;
  if (end === at + 2 || pattern[end - 1] !== ":") return undefined;
  const isMember = classes.get(pattern.slice(at + 2, end - 1));
  if (isMember === undefined) return pattern.length;
  for (let byte = 0; byte < members.length; byte++) {
    if (isMember.test(String.fromCharCode(byte))) members[byte] = 1;
  }
  return end + 1;
}

/**
 * Reads one byte, or a first and a last one with a dash between. Where the last is before the
 * first, the first stands alone.
 */
function readRange(pattern: ByteString, at: number, members: Uint8Array): number {
  const start = at + (pattern[at] === "\\" ? 1 : 0);
  const isRange = pattern[start + 1] === "-" && start + 2 < pattern.length && pattern[start + 2] !== "]";
  const last = isRange ? start + 2 + (pattern[start + 2] === "\\" ? 1 : 0) : start;
  if (last >= pattern.length) return last + 1;
  const first = pattern.charCodeAt(start);
  members.fill(1, first, Math.max(first, pattern.charCodeAt(last)) + 1);
  return last + 1;
}
