import { decodeByteText } from "../../bytes/byte-text.ts";
import { compareBytes } from "../../bytes/compare.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { type Entry, entryKinds, isDevice, type Layout } from "./entry.ts";
import { findFactsFault } from "./fact-rows.ts";
import { maxTimeSec } from "./time-range.ts";

/** Bytes in the longest name of one path component. */
export const maxNameBytes = 255;
/** Bytes in the longest path, separators counted. */
export const maxPathBytes = 4096;
/** Directories in the deepest nesting. */
export const maxDepth = 255;
/** Bytes in the longest text of a symlink. */
export const maxLinkTargetBytes = 4095;
const slash = 0x2f;
const dot = 0x2e;

interface NameOptions {
  /**
   * True to refuse what Windows would read as something else: `\`, `:`, a last dot or space, device
   * names.
   */
  readonly windows?: boolean;
}

/** Why a name may not be a path component, or undefined when it may. */
export function findNameFault(name: Bytes, options: NameOptions = {}): string | undefined {
  if (name.length === 0) return "is empty";
  if (name.length > maxNameBytes) return "is longer than 255 bytes";
  if (name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot))) return "is . or ..";
  if (name.includes(0)) return "holds a zero byte";
  if (name.includes(slash)) return "holds a slash";
  return options.windows ? findWindowsFault(name) : undefined;
}

const windowsDevice = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?: *\.|$)/i;

/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
function findWindowsFault(name: Bytes): string | undefined {
  if (name.some((byte) => byte < 0x20)) return "holds a control character";
  const text = new TextDecoder().decode(name);
  if (/[\\:*?"<>|]/.test(text)) return "holds a character that Windows reserves";
  if (/[. ]$/.test(text)) return "ends in a dot or a space";
  return windowsDevice.test(text) ? "is a device on Windows" : undefined;
}

/** Why something may not lie so deep or under so long a path, or undefined when it may. */
export function findPlaceFault(depth: number, pathBytes: number): string | undefined {
  if (!isCount(depth, maxDepth)) return "lies too deep";
  return pathBytes > maxPathBytes ? "has a path of more than 4096 bytes" : undefined;
}

/** True for `.`, the name of the entry that stands for the root directory itself. */
export function isRootName(name: Bytes): boolean {
  return name.length === 1 && name[0] === dot;
}

/** Where an entry lies. */
export interface EntryPlace {
  /** The directory around it; undefined at the top, and in the one that stands for the root. */
  readonly parent: EntryPlace | undefined;
  readonly name: Bytes;
  /** True when entries may follow below it. */
  readonly isOpen: boolean;
  /** Bytes of the path down to here. */
  readonly pathBytes: number;
}

/** The path of an entry, for messages; `.` for the root. */
export function printEntryPath({ parent, name }: EntryPlace): string {
  const above = parent && parent.pathBytes > 0 ? `${printEntryPath(parent)}/` : "";
  return above + decodeByteText(name);
}

/**
 * Checks a stream of entries as it comes: that each has its legal place after the one before it,
 * and that all of its numbers are in range. What has passed can only name places inside the root,
 * each of them once. One that is refused leaves no trace; others may follow.
 *
 * Keeps one place per depth.
 */
export class EntryChecker {
  readonly #layout: Layout;
  readonly #names: NameOptions;
  /** The last entry and the directories it lies in, by depth. */
  readonly #levels: EntryPlace[] = [];

  constructor(layout: Layout, options: NameOptions = {}) {
    this.#layout = layout;
    this.#names = options;
  }

  /**
   * Returns where the entry lies.
   *
   * @throws PATH for a place or name that is not allowed, BAD_MESSAGE for a number out of range,
   *   with the path
   */
  check(entry: Entry): EntryPlace {
    const { depth, name, kind } = entry;
    const parent = this.#levels[depth - 1];
    const isRoot = this.#isRoot(entry);
    const pathBytes = isRoot ? 0 : (parent && parent.pathBytes > 0 ? parent.pathBytes + 1 : 0) + name.length;
    const place = { parent, name, isOpen: kind === "dir" && !isClosed(entry), pathBytes };
    const misplaced = findPlaceFault(depth, pathBytes) ?? (isRoot ? undefined : this.#findFault(entry));
    if (misplaced !== undefined) throw refuse("PATH", misplaced, place);
    const illegal = !isRoot && entry.isImplied === true ? "is said to be implied" : findFieldFault(entry);
    if (illegal !== undefined) throw refuse("BAD_MESSAGE", illegal, place);
    this.#levels.length = depth;
    this.#levels.push(place);
    return place;
  }

  /** True for the one entry that stands for the root directory itself. */
  #isRoot({ depth, name, kind }: Entry): boolean {
    const isFirst = this.#layout === "contents" && this.#levels.length === 0;
    return isFirst && depth === 0 && kind === "dir" && isRootName(name);
  }

  #findFault({ depth, name }: Entry): string | undefined {
    if (this.#layout === "contents") {
      if (this.#levels.length === 0) return "comes before the root directory";
      if (depth === 0) return "lies beside the root";
    }
    const fault = findNameFault(name, this.#names);
    if (fault !== undefined) return `has a name that ${fault}`;
    if (depth > this.#levels.length || this.#levels[depth - 1]?.isOpen === false) return "has no directory";
    const before = this.#levels[depth];
    return before && compareBytes(before.name, name) >= 0
      ? "does not follow in the order of names"
      : undefined;
  }
}

/** Which of the numbers of an entry, or its link text, or its facts, is out of range. */
function findFieldFault({
  kind,
  size,
  mode,
  mtimeSec,
  mtimeNsec,
  target,
  facts,
  link,
  rdev,
}: Entry): string | undefined {
  if (!kinds.has(kind)) return "has an unknown kind";
  if (isDevice(kind) !== (rdev !== undefined)) return "has an illegal device number";
  if (rdev && !(isCount(rdev.major, maxDevicePart) && isCount(rdev.minor, maxDevicePart)))
    return "has an illegal device number";
  if (!isCount(size, kind === "file" ? Number.MAX_SAFE_INTEGER : 0)) return "has a size that is out of range";
  if (!isCount(mode, 0o7777)) return "has a mode that is out of range";
  if (!isCount(Math.abs(mtimeSec), maxTimeSec) || !isCount(mtimeNsec, 999_999_999)) {
    return "has a time that is out of range";
  }
  if (link !== undefined && (kind === "dir" || !isCount(link, Number.MAX_SAFE_INTEGER)))
    return "has an illegal number of its file";
  if ((target !== undefined) !== (kind === "symlink")) return "has an illegal link text";
  const isText = target === undefined || (target.length > 0 && !target.includes(0));
  if (!isText || (target?.length ?? 0) > maxLinkTargetBytes) return "has an illegal link text";
  return facts && findFactsFault(facts);
}

const kinds: ReadonlySet<string> = new Set(entryKinds);
/** Of the major and of the minor number of a device. */
const maxDevicePart = 0xffff_ffff;

function isCount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

function refuse(code: "PATH" | "BAD_MESSAGE", fault: string, place: EntryPlace): SyncError {
  return new SyncError(code, `an entry ${fault}`, { detail: { path: printEntryPath(place) } });
}

/** True for a directory of which nothing is listed. */
function isClosed({ isComplete, isUnlisted }: Entry): boolean {
  return isComplete === true || isUnlisted === true;
}
