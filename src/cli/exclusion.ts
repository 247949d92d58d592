import { decodeByteText } from "../bytes/byte-text.node.ts";
import type { OptionSpecs } from "./command.ts";
import { readNamedFile } from "./named-file.ts";

/** The options of the commands that can leave something out; all become rules of `exclude`. */
export const excludeOption = {
  exclude: {
    type: "string",
    multiple: true,
    value: "PATTERN",
    about: "leave out what matches, as with rsync; may be given several times",
  },
  include: {
    type: "string",
    multiple: true,
    value: "PATTERN",
    about: "do not leave out what matches, whatever later patterns say",
    stands: { for: "exclude", as: (pattern) => [includeRule(pattern)] },
  },
  "exclude-from": {
    type: "string",
    multiple: true,
    value: "FILE",
    about: "the same as --exclude for each line of a file",
    stands: { for: "exclude", as: readPatterns },
  },
  "include-from": {
    type: "string",
    multiple: true,
    value: "FILE",
    about: "the same as --include for each line of a file",
    stands: { for: "exclude", as: (path) => readPatterns(path).map(includeRule) },
  },
} as const satisfies OptionSpecs;

/** What is a rule by itself, or clears them all, stays what it is. */
function includeRule(pattern: string): string {
  return /^[+-] |^!$/.test(pattern) ? pattern : `+ ${pattern}`;
}

/** The lines of a file; empty ones, and comments behind `#` or `;`, do not count. */
function readPatterns(path: string): string[] {
  const lines = decodeByteText(readNamedFile(path)).split(/\r?\n|\r/);
  return lines.filter((line) => !/^(?:[#;]|$)/.test(line));
}
