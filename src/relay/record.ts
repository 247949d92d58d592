import { equalBytes } from "../bytes/compare.ts";
import { idBytes } from "../chunk/chunk.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { SyncError } from "../errors.ts";
import { sessionLimits } from "../session/limits.ts";
import type { Entry, Layout } from "../tree/entry/entry.ts";
import type { Bytes } from "../types.ts";
import { ChunkRow } from "./chunk-row.ts";
import { Signals } from "./signals.ts";
import { relayLimits } from "./relay-limits.ts";

/** How the upstream sends its tree. */
export interface Form {
  readonly cutter: CutterSpec;
  readonly layout: Layout;
}

/** An entry of the tree, and what is known of its content. */
export interface RelayedEntry {
  readonly entry: Entry;
  readonly chunks: ChunkRow;
  /** Set when the list of chunks is complete, or why it will not be. */
  end: "complete" | SyncError | undefined;
}

/** What the upstream has told of its tree so far. It is told once, read by many, and only grows. */
export class TreeRecord {
  /**
   * Tells of the tree that it has begun or got entries, of an entry, by its number, that more of
   * its list is known, and of the end.
   */
  readonly signals = new Signals<"tree" | "end" | number>();
  readonly entries: RelayedEntry[] = [];
  /** Set when all is told: everything was listed, or why it will not be. */
  end: "complete" | SyncError | undefined;
  form: Form | undefined;
  /**
   * False once a session ended without all that the upstream has: what no entry names may be there.
   */
  isWhole = true;
  /** What the upstream said of paths that it leaves out, each path once. */
  readonly unlisted = new Map<string, SyncError>();
  #chunkCount = 0;

  /**
   * A session begins; one after another may, each telling the same.
   *
   * @throws CHANGED when it tells in another way than the one before
   */
  begin(form: Form): void {
    if (this.form && !sameForm(this.form, form)) throw changed();
    this.form ??= form;
    this.signals.tell("tree");
  }

  /** The next entry, or one that was told before. @throws CHANGED, LIMIT */
  addEntry(number: number, entry: Entry): RelayedEntry {
    const known = this.entries[number];
    if (known) {
      if (!sameEntry(known.entry, entry)) throw changed();
      return known;
    }
    if (number >= relayLimits.relayedEntryCount) throw tooLarge("entries", relayLimits.relayedEntryCount);
    const added: RelayedEntry = { entry, chunks: new ChunkRow(), end: undefined };
    if (entry.kind !== "file" || entry.size === 0) added.end = "complete";
    this.entries.push(added);
    return added;
  }

  /**
   * Part of a file's list, from an offset on; what of it was told before has to be the same.
   * @throws CHANGED, LIMIT
   */
  addChunks(number: number, offset: number, ids: Bytes, sizes: readonly number[]): void {
    const { chunks } = this.entries[number]!;
    let at = offset;
    for (const [i, size] of sizes.entries()) {
      const id = ids.subarray(i * idBytes, (i + 1) * idBytes);
      if (at < chunks.bytes) this.#compare(chunks, at, id, size);
      else this.#append(chunks, at, id, size);
      at += size;
    }
    this.signals.tell(number);
  }

  /** The upstream leaves out a path; one session after another may say so. */
  leaveOut(error: SyncError): void {
    const { path } = error.detail;
    if (path !== undefined && this.unlisted.size < sessionLimits.keptTroubleCount)
      this.unlisted.set(path, error);
  }

  /** A file's list has ended. */
  endFile(number: number, end: "complete" | SyncError): void {
    const file = this.entries[number];
    if (file) file.end ??= end;
    this.signals.tell(number);
  }

  /** All is told, or no more will be. Only the first call counts. */
  finish(end: "complete" | SyncError): void {
    this.end ??= end;
    this.signals.tellAll();
  }

  /** What was complete is not any more: who still reads it is told, and nobody begins with it. */
  spoil(reason: SyncError): void {
    if (this.end !== "complete") return;
    this.end = reason;
    this.signals.tellAll();
  }

  #compare(chunks: ChunkRow, offset: number, id: Bytes, size: number): void {
    const index = chunks.indexAt(offset);
    if (index < 0 || chunks.size(index) !== size || !equalBytes(chunks.id(index), id)) throw changed();
  }

  #append(chunks: ChunkRow, offset: number, id: Bytes, size: number): void {
    if (offset !== chunks.bytes) throw changed();
    if (++this.#chunkCount > relayLimits.relayedChunkCount) {
      throw tooLarge("chunks", relayLimits.relayedChunkCount);
    }
    chunks.push(id, [size]);
  }
}

function sameForm(a: Form, b: Form): boolean {
  const keys = ["name", "minBytes", "averageBytes", "maxBytes"] as const;
  return a.layout === b.layout && keys.every((key) => a.cutter[key] === b.cutter[key]);
}

function sameEntry(a: Entry, b: Entry): boolean {
  const keys = ["depth", "kind", "size", "mode", "mtimeSec", "mtimeNsec"] as const;
  const none = new Uint8Array(0);
  if (!equalBytes(a.name, b.name) || !equalBytes(a.target ?? none, b.target ?? none)) return false;
  return keys.every((key) => a[key] === b[key]);
}

function changed(): SyncError {
  return new SyncError("CHANGED", "the tree changed upstream while it was being relayed");
}

function tooLarge(what: string, limit: number): SyncError {
  return new SyncError("LIMIT", `a tree of more than ${limit} ${what} is not relayed`, { detail: { limit } });
}
