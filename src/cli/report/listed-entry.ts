import { decodeByteText } from "../../bytes/byte-text.ts";
import type { EntryKind } from "../../tree/entry/entry.ts";
import type { ListedEntry } from "../../tree/listing-target.ts";
import { formatTime } from "./change-format.ts";
import { escapeText } from "../../bytes/escaped-text.ts";

const kindLetters: Readonly<Record<EntryKind, string>> = {
  file: "-",
  dir: "d",
  symlink: "l",
  fifo: "p",
  socket: "s",
  charDevice: "c",
  blockDevice: "b",
};

/** Columns of a size with its commas. */
const sizeColumns = 14;

/** The line by which rsync's `--list-only` tells an entry. */
export function listedLine(entry: ListedEntry): string {
  const { kind, mode, mtimeSec, target } = entry;
  const size = sizeOf(entry).toLocaleString("en-US").padStart(sizeColumns);
  const time = formatTime(new Date(mtimeSec * 1000));
  const arrow = target === undefined ? "" : ` -> ${escapeText(decodeByteText(target))}`;
  return `${kindLetters[kind]}${rightsText(mode)} ${size} ${time} ${escapeText(pathOf(entry))}${arrow}`;
}

/** The same for programs. */
export function factsOfListed(entry: ListedEntry): object {
  const { kind, mode, mtimeSec, mtimeNsec, target } = entry;
  return {
    path: pathOf(entry),
    kind,
    size: sizeOf(entry),
    mode,
    mtimeSec,
    mtimeNsec,
    ...(target && { target: decodeByteText(target) }),
  };
}

/** The size of a link is that of what it holds; a directory has none. */
function sizeOf({ size, target }: ListedEntry): number {
  return target?.length ?? size;
}

function pathOf({ path }: ListedEntry): string {
  return path.map(decodeByteText).join("/");
}

/** The nine letters of a mode, as ls(1) writes them. */
function rightsText(mode: number): string {
  return [[6, 0o4000, "s"] as const, [3, 0o2000, "s"] as const, [0, 0o1000, "t"] as const]
    .map(([shift, special, letter]) => {
      const bits = mode >> shift;
      const isRun = (bits & 1) !== 0;
      const run = (mode & special) === 0 ? (isRun ? "x" : "-") : isRun ? letter : letter.toUpperCase();
      return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${run}`;
    })
    .join("");
}
