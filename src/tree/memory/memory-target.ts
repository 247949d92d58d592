import { concatBytes } from "../../bytes/compare.ts";
import { toHex } from "../../bytes/hex.ts";
import { idBytes } from "../../chunk/chunk.ts";
import { createCutter } from "../../chunk/create-cutter.ts";
import type { Cutter } from "../../chunk/cutter.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { SyncError } from "../../errors.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import {
  skippedSpecial,
  compareEntry,
  incompleteDir,
  keepsAll,
  type Outcome,
  type Standing,
} from "../plan/comparison.ts";
import { cutBytes } from "./memory-cut.ts";
import { readMemorySubtrees } from "./memory-subtrees.ts";
import { byteName, type MemoryDir, type MemoryNode } from "./memory-tree.ts";
import type { Entry } from "../entry/entry.ts";
import { oldVersionOf } from "../plan/old-version.ts";
import { type ScanVisitor, visitBytes } from "../scan.ts";
import type { ReadTargetSubtrees } from "../subtrees.ts";
import type { ListedChunks, Need, OldVersions, Placement, TargetOptions, TreeTarget } from "../target.ts";

/** A file that is to come. */
interface Awaited {
  readonly dir: MemoryDir;
  readonly name: string;
  readonly entry: Entry;
  /** What has come, by offset. */
  readonly parts: Map<number, Bytes>;
  placedBytes: number;
}

/**
 * Receives into a directory in memory, whose own mode and time stay. Everything in it is cut and
 * indexed when the session opens, and all that comes is kept in memory.
 */
export function memoryTarget(root: MemoryDir): TreeTarget {
  return new MemoryTarget(root);
}

class MemoryTarget implements TreeTarget {
  readonly takesAnyDigest = true;
  readonly old: OldVersions = {
    scan: (entries, room, visitor, options) => this.#scanOld(entries, room, visitor, options),
    read: (entry, offset, into) => {
      const part = this.#oldBytes(entry).subarray(offset, offset + into.length);
      into.set(part);
      return part.length;
    },
    keep: (entry) => this.#put(entry, 0, this.#oldBytes(entry)),
    put: (entry, offset, bytes) => this.#put(entry, offset, bytes.slice()),
    restart: (entry) => this.#restart(entry),
  };
  readonly subtrees: ReadTargetSubtrees = async (topName, options) => {
    const top = byteName(topName) === "." ? this.#root : this.#root.children.get(byteName(topName));
    return top?.kind === "dir" ? readMemorySubtrees(top, options) : undefined;
  };
  readonly #root: MemoryDir;
  readonly #awaited = new Map<number, Awaited>();
  readonly #known = new Map<string, Bytes>();
  /** Directories that take the place of something else when all of them is here. */
  readonly #replaced: { readonly parent: MemoryDir; readonly name: string; readonly dir: MemoryDir }[] = [];
  /**
   * The directories on the way to the last entry, by depth; undefined where one could not be had.
   */
  #open: (MemoryDir | undefined)[] = [];
  #options: TargetOptions | undefined;

  constructor(root: MemoryDir) {
    this.#root = root;
  }

  async open(options: TargetOptions): Promise<void> {
    this.#options = options;
    this.#learn(this.#root, createCutter(options.cutter), options.digest);
  }

  async plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    return entries.map((entry, i) => this.#planEntry(entry, first + i));
  }

  async *#scanOld(
    entries: readonly number[],
    room: Bytes,
    visitor: ScanVisitor<number>,
    { signal }: AbortOptions,
  ): AsyncGenerator<void> {
    for (const entry of entries) {
      signal?.throwIfAborted();
      visitBytes(entry, this.#oldBytes(entry), room, visitor);
      visitor.end(entry, "complete");
      yield;
    }
  }

  /** The content of the file that an entry replaces; nothing when it was given up. */
  #oldBytes(entry: number): Bytes {
    const file = this.#awaited.get(entry);
    const there = file?.dir.children.get(file.name);
    return there?.kind === "file" ? there.bytes : new Uint8Array();
  }

  #restart(entry: number): void {
    const file = this.#awaited.get(entry);
    if (!file) return;
    file.parts.clear();
    file.placedBytes = 0;
  }

  async place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]> {
    return lists.map((list) => this.#place(list));
  }

  #place({ entry, offset, ids, sizes }: ListedChunks): Uint8Array {
    let at = offset;
    return Uint8Array.from(sizes, (size, i) => {
      const bytes = this.#known.get(toHex(ids.subarray(i * idBytes, (i + 1) * idBytes)));
      const isHere = bytes?.length === size;
      if (isHere) this.#put(entry, at, bytes);
      at += size;
      return isHere || !this.#awaited.has(entry) ? 1 : 0;
    });
  }

  async write(placements: readonly Placement[]): Promise<void> {
    for (const { entry, offset, chunk } of placements) {
      const bytes = chunk.bytes.slice();
      this.#put(entry, offset, bytes);
      this.#known.set(toHex(chunk.id), bytes);
    }
  }

  async finish(files: readonly { readonly entry: number; readonly size: number }[]): Promise<void> {
    for (const { entry, size } of files) {
      const file = this.#awaited.get(entry);
      if (!file) continue;
      if (size !== file.entry.size || size !== file.placedBytes) {
        this.#fail(entry, new SyncError("TRUNCATED", "a part of a file never came"));
        continue;
      }
      const bytes = concatBytes([...file.parts].sort(([a], [b]) => a - b).map(([, part]) => part));
      file.dir.children.set(file.name, { kind: "file", bytes, ...metadataOf(file.entry) });
      this.#awaited.delete(entry);
    }
  }

  async abandon(entry: number, reason: SyncError): Promise<void> {
    this.#fail(entry, reason);
  }

  async commit(): Promise<void> {
    for (const { parent, name, dir } of this.#replaced.splice(0)) parent.children.set(name, dir);
  }

  async close(): Promise<void> {
    this.#awaited.clear();
    this.#known.clear();
  }

  #planEntry(entry: Entry, number: number): Need {
    if (this.#required().layout === "contents" && entry.depth === 0) {
      this.#open = [this.#root];
      return "nothing";
    }
    const parent = entry.depth === 0 ? this.#root : this.#open[entry.depth - 1];
    if (!parent) return "nothing";
    const name = byteName(entry.name);
    const there = parent.children.get(name);
    if (entry.isComplete === true && there?.kind !== "dir") return this.#miss(number);
    const outcome = compareEntry(entry, standingOf(there), keepsAll);
    if (outcome === "blocked") this.#refuse(number);
    else if (entry.kind === "file") return this.#planFile(parent, name, entry, number, outcome);
    else if (entry.kind === "dir") this.#openDir(parent, name, entry, there);
    else if (entry.kind !== "symlink") this.#required().onTrouble(number, skippedSpecial());
    else parent.children.set(name, { kind: "symlink", target: entry.target!, ...metadataOf(entry) });
    return "nothing";
  }

  #miss(entry: number): Need {
    this.#required().onTrouble(entry, incompleteDir());
    return "nothing";
  }

  #openDir(parent: MemoryDir, name: string, entry: Entry, there: MemoryNode | undefined): void {
    const children = there?.kind === "dir" ? there.children : new Map<string, MemoryNode>();
    const dir: MemoryDir = { kind: "dir", children, ...metadataOf(entry) };
    if (there === undefined || there.kind === "dir") parent.children.set(name, dir);
    else this.#replaced.push({ parent, name, dir });
    this.#open.length = entry.depth;
    this.#open[entry.depth] = dir;
  }

  #planFile(dir: MemoryDir, name: string, entry: Entry, number: number, outcome: Outcome): Need {
    const there = dir.children.get(name);
    if (there?.kind === "file" && (outcome === "same" || outcome === "touched")) {
      dir.children.set(name, { ...there, ...metadataOf(entry) });
      return "nothing";
    }
    if (there?.kind === "file") this.#required().onReplace?.(number, there.bytes.length);
    this.#awaited.set(number, { dir, name, entry, parts: new Map(), placedBytes: 0 });
    const { useOld = false } = this.#required();
    const old = useOld && there?.kind === "file" && oldVersionOf(entry.size, there.bytes.length);
    return old || (this.#known.size > 0 ? "ask" : "all");
  }

  #put(entry: number, offset: number, bytes: Bytes): void {
    const file = this.#awaited.get(entry);
    if (!file) return;
    file.parts.set(offset, bytes);
    file.placedBytes += bytes.length;
  }

  #refuse(entry: number): void {
    this.#required().onTrouble(entry, new SyncError("IO", "a directory that is not empty is in the way"));
  }

  /** Gives up on a file; one that is not expected was given up before. */
  #fail(entry: number, { code, message, remote }: SyncError): void {
    if (!this.#awaited.delete(entry)) return;
    this.#required().onTrouble(entry, new SyncError(code, message, { remote }));
  }

  #learn(dir: MemoryDir, cutter: Cutter, digest: ChunkDigest | undefined): void {
    for (const node of dir.children.values()) {
      if (node.kind === "dir") this.#learn(node, cutter, digest);
      if (node.kind !== "file") continue;
      for (const { id, bytes } of cutBytes(node.bytes, cutter, digest)) this.#known.set(toHex(id), bytes);
    }
  }

  #required(): TargetOptions {
    if (this.#options) return this.#options;
    throw new SyncError("STATE", "a tree target is opened before it is used");
  }
}

function metadataOf({ mode, mtimeSec, mtimeNsec }: Entry): Pick<Entry, "mode" | "mtimeSec" | "mtimeNsec"> {
  return { mode: mode & 0o777, mtimeSec, mtimeNsec };
}

function standingOf(node: MemoryNode | undefined): Standing | undefined {
  if (node?.kind === "file") return { ...node, size: node.bytes.length };
  if (node?.kind === "dir") return { ...node, size: 0, isEmpty: node.children.size === 0 };
  return node && { ...node, size: 0 };
}
