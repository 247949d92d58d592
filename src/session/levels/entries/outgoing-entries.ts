import { SyncError, toSyncError } from "../../../errors.ts";
import { EntryChecker, type EntryPlace, isRootName } from "../../../tree/entry/entry-order.ts";
import type { Entry, Layout } from "../../../tree/entry/entry.ts";
import type { Facts } from "../../../tree/entry/facts.ts";
import type { SourceEntry } from "../../../tree/source.ts";
import { sessionLimits } from "../../limits.ts";
import type { ListedEntry } from "./entry-columns.ts";

/** An entry that goes out, and where it lies. */
export interface OutgoingEntry<File> extends SourceEntry<File>, ListedEntry {
  readonly place: EntryPlace;
}

/** About so many bytes facts take; those of many entries are alike, and take fewer. */
function factBytes({ acl = [], defaultAcl = [], xattrs = [] }: Facts): number {
  const ofXattrs = xattrs.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  return overheadBytes * (1 + acl.length + defaultAcl.length) + ofXattrs;
}

/** Bytes that an ENTRIES frame aims at, and the most that an entry takes beside its names. */
const frameBytes = 262_144;
const overheadBytes = 32;

/**
 * The entries of a source on their way out. Each is checked as the receiver will check it; one that
 * it would refuse is reported and left out, with all that lies below it. The others go on.
 */
export class OutgoingEntries<File> {
  readonly #layout: Layout;
  readonly #isDuplex: boolean;
  readonly #checker: EntryChecker;
  readonly #onTrouble: (error: SyncError) => void;
  /** What lies deeper lies below an entry that was left out. */
  #openDepth = Number.POSITIVE_INFINITY;
  #isFirst = true;

  constructor(layout: Layout, isDuplex: boolean, onTrouble: (error: SyncError) => void) {
    this.#layout = layout;
    this.#isDuplex = isDuplex;
    this.#checker = new EntryChecker(layout);
    this.#onTrouble = onTrouble;
  }

  /**
   * Returns what goes out of the next entries, in runs that fit a frame each.
   *
   * @throws PATH when the first is not what the layout says
   */
  *frames(batch: readonly SourceEntry<File>[]): Generator<readonly OutgoingEntry<File>[]> {
    let frame: OutgoingEntry<File>[] = [];
    let bytes = 0;
    for (const listed of batch) {
      const outgoing = this.#check(listed);
      if (outgoing === undefined) continue;
      const { facts, name, target } = outgoing.entry;
      frame.push(outgoing);
      bytes += overheadBytes + name.length + (target?.length ?? 0) + (facts ? factBytes(facts) : 0);
      if (bytes < frameBytes && frame.length < sessionLimits.entriesPerFrameCount) continue;
      yield frame;
      frame = [];
      bytes = 0;
    }
    if (frame.length > 0) yield frame;
  }

  #check({ entry, file }: SourceEntry<File>): OutgoingEntry<File> | undefined {
    if (entry.depth > this.#openDepth) return undefined;
    this.#openDepth = Number.POSITIVE_INFINITY;
    try {
      const place = this.#checker.check(entry);
      return { entry, file, place, unasked: !this.#isDuplex && entry.kind === "file" };
    } catch (thrown) {
      const reason = toSyncError(thrown);
      if (reason.code === "PATH" && this.#isFirst && this.#isRoot(entry)) throw reason;
      this.#onTrouble(new SyncError(reason.code === "PATH" ? "PATH" : "UNSUPPORTED", reason.message, reason));
      return this.#replace({ entry, file }, reason);
    } finally {
      this.#isFirst = false;
    }
  }

  /** True for what stands for the root, or should. */
  #isRoot({ depth, name }: Entry): boolean {
    return this.#layout === "contents" || (depth === 0 && isRootName(name));
  }

  /**
   * What goes out in place of an entry: a directory without its numbers, so that what is in it is
   * not lost; of others nothing.
   */
  #replace({ entry, file }: SourceEntry<File>, { code }: SyncError): OutgoingEntry<File> | undefined {
    const { depth, name, kind, mode } = entry;
    if (code !== "PATH" && kind === "dir") {
      const plain: Entry = { depth, name, kind, size: 0, mode: mode & 0o7777, mtimeSec: 0, mtimeNsec: 0 };
      return { entry: plain, file, place: this.#checker.check(plain), unasked: false };
    }
    if (depth >= 0) this.#openDepth = depth;
    return undefined;
  }
}
