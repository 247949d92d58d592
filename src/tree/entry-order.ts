import { compareBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { Entry, Layout } from "./tree.ts";

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
const rootName = Uint8Array.of(dot);

export interface NameOptions {
  /** True to refuse what Windows would read as something else: `\`, `:`, a last dot or space, device names. */
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

interface Level {
  readonly name: Bytes;
  /** True when entries may follow below it. */
  readonly isDir: boolean;
  /** Bytes of the path down to here. */
  readonly pathBytes: number;
}

/**
 * Checks a stream of entries as it comes: that each has its legal place after the one before it, and that all
 * of its numbers are in range. What has passed can only name places inside the root, each of them once.
 *
 * Keeps one name per depth.
 */
export class EntryChecker {
  readonly #layout: Layout;
  readonly #names: NameOptions;
  /** The last entry and the directories it lies in, by depth. */
  readonly #levels: Level[] = [];

  constructor(layout: Layout, options: NameOptions = {}) {
    this.#layout = layout;
    this.#names = options;
  }

  /** @throws PATH for a place or name that is not allowed, BAD_MESSAGE for a number out of range */
  check(entry: Entry): void {
    checkFields(entry);
    const { depth, name } = entry;
    if (!isCount(depth, maxDepth)) throw pathError("an entry is nested too deeply");
    if (this.#isRoot(entry)) return void this.#levels.push({ name, isDir: true, pathBytes: 0 });
    const fault = findNameFault(name, this.#names);
    if (fault) throw pathError(`a name ${fault}`, name);
    this.#enter(entry);
  }

  /** True for the one entry that stands for the root directory itself. */
  #isRoot({ depth, name, kind }: Entry): boolean {
    if (this.#layout === "named" || this.#levels.length > 0) return false;
    if (depth === 0 && kind === "dir" && compareBytes(name, rootName) === 0) return true;
    throw pathError("the first entry is not the root directory", name);
  }

  #enter({ depth, name, kind }: Entry): void {
    const parent = this.#levels[depth - 1];
    if (depth > this.#levels.length || (parent && !parent.isDir))
      throw pathError("an entry has no directory", name);
    if (depth === 0 && this.#layout === "contents") throw pathError("an entry lies beside the root", name);
    const before = this.#levels[depth];
    if (before && compareBytes(before.name, name) >= 0) throw pathError("names do not ascend", name);
    const pathBytes = (parent && parent.pathBytes > 0 ? parent.pathBytes + 1 : 0) + name.length;
    if (pathBytes > maxPathBytes) throw pathError("a path is longer than 4096 bytes", name);
    this.#levels.length = depth;
    this.#levels.push({ name, isDir: kind === "dir", pathBytes });
  }
}

function checkFields({ kind, size, mode, mtimeSec, mtimeNsec, target }: Entry): void {
  if (kind !== "file" && kind !== "dir" && kind !== "symlink") throw fieldError("kind");
  if (!isCount(size, kind === "file" ? Number.MAX_SAFE_INTEGER : 0)) throw fieldError("size");
  if (!isCount(mode, 0o7777)) throw fieldError("mode");
  if (!Number.isSafeInteger(mtimeSec) || !isCount(mtimeNsec, 999_999_999)) throw fieldError("time");
  if ((target !== undefined) !== (kind === "symlink")) throw fieldError("link text");
  if (target && (target.length === 0 || target.length > maxLinkTargetBytes || target.includes(0))) {
    throw fieldError("link text");
  }
}

function isCount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

function fieldError(field: string): SyncError {
  return new SyncError("BAD_MESSAGE", `an entry has an illegal ${field}`);
}

function pathError(message: string, name?: Bytes): SyncError {
  return new SyncError("PATH", message, name && { detail: { path: new TextDecoder().decode(name) } });
}
