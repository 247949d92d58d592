import { fileFactsIn, fileTimeOf, type FileTime } from "../../bucket/dir-facts.node.ts";
import type { ObjectBucket, ObjectFacts } from "../../bucket/object-bucket.ts";
import { utf8ByteString } from "../../bytes/byte-string.ts";
import { inOrder } from "../../casync/in-order.ts";
import { SyncError } from "../../errors.ts";
import type { Entry, Layout } from "../../tree/entry/entry.ts";
import type { DirFilter } from "../../tree/filter/dir-filter.ts";
import type { TreeFilter } from "../../tree/filter/tree-filter.ts";
import type { SourceEntry, SourceOptions } from "../../tree/source.ts";
import { fileEntry } from "../open-index.node.ts";
import { sortedEntries } from "../sorted-entries.node.ts";
import type { IndexedEntry } from "../tree-index.node.ts";
import { type BucketFile, bucketReadLimits } from "./bucket-content.node.ts";

/** Where the tree of a bucket begins. */
export interface BucketTop {
  readonly bucket: ObjectBucket;
  /** What all keys begin with, and a slash; nothing for the whole bucket. */
  readonly prefix: string;
  readonly layout: Layout;
  /** The name of the directory that it is sent as. */
  readonly name: string;
}

/** The mode of a file whose object tells none. */
export const usualFileMode = 0o644;
const dirMode = 0o755;

/** An object that is in the tree, and what is known of it. */
interface Found {
  readonly listed: IndexedEntry;
  readonly facts: ObjectFacts | undefined;
}

/**
 * Lists objects as the entries of a tree: a key is a path, and directories are what keys say, or
 * their markers. Keys that no file can have, or that are in the way of others, are reported.
 *
 * @throws NOT_FOUND where there is nothing at all below a prefix; what listing throws
 */
export async function* listBucket(
  top: BucketTop,
  filter: TreeFilter | undefined,
  { onTrouble, signal }: SourceOptions,
): AsyncGenerator<readonly SourceEntry<BucketFile>[]> {
  const { bucket, prefix } = top;
  const abort = signal ? { signal } : {};
  const tell = (path: string, message: string, code: "PATH" | "VANISHED" = "PATH"): void =>
    onTrouble?.(new SyncError(code, message, { detail: { path } }));
  const refuse = ({ path }: IndexedEntry, fault: string): void => tell(path, `a key ${fault}`);
  const filters = filter && new PathFilter(filter, top);
  const writer = new EntryWriter(top, (path) => tell(path, "a key is in the way of others, which it begins"));
  let isEmpty = true;

  async function* listed(): AsyncGenerator<readonly IndexedEntry[]> {
    for await (const page of bucket.pages({ prefix }, abort)) {
      isEmpty &&= page.length === 0;
      yield page.flatMap(({ key, sizeBytes }) => entryOf(key.slice(prefix.length), sizeBytes) ?? []);
    }
  }

  async function look(entry: IndexedEntry): Promise<Found> {
    const key = `${prefix}${entry.path}${entry.kind === "dir" ? "/" : ""}`;
    return { listed: entry, facts: await bucket.head(key, abort) };
  }

  signal?.throwIfAborted();
  for await (const batch of sortedEntries(listed(), refuse)) {
    signal?.throwIfAborted();
    const wanted = batch.filter(({ path, kind }) => filters?.excludes(path, kind === "dir") !== true);
    const entries: SourceEntry<BucketFile>[] = [];
    for await (const { listed: entry, facts } of inOrder(
      wanted,
      { count: bucketReadLimits.bucketLookCount },
      look,
    )) {
      if (facts) entries.push(...writer.entriesOf(entry, facts));
      else tell(entry.path, "the object is gone", "VANISHED");
    }
    yield entries;
  }
  if (isEmpty && prefix !== "")
    throw new SyncError("NOT_FOUND", "no key begins so", { detail: { path: prefix } });
  yield writer.rest();
}

/** The entry of a key; none of what marks the top itself. */
function entryOf(path: string, size: number): IndexedEntry | undefined {
  if (path === "") return undefined;
  return path.endsWith("/") ? { ...fileEntry(path.slice(0, -1), 0), kind: "dir" } : fileEntry(path, size);
}

/** Asks a filter about paths that come in canonical order. */
class PathFilter {
  readonly #names: string[] = [];
  /** Of the top, and of the directories around the last path; none in one that is left out. */
  readonly #filters: (DirFilter | undefined)[];

  /** @throws UNSUPPORTED for rules that are in files */
  constructor(filter: TreeFilter, { layout, name }: BucketTop) {
    if (filter.readsFiles("sender"))
      throw new SyncError("UNSUPPORTED", "rules of directories are not read in a bucket");
    const opened = filter.open("sender", {});
    this.#filters = [opened.enter(layout === "named" ? utf8ByteString(name) : "", () => undefined)];
  }

  excludes(path: string, isDir: boolean): boolean {
    const names = path.split("/");
    const own = names.pop()!;
    const shared = names.findIndex((name, at) => name !== this.#names[at]);
    const depth = shared < 0 ? names.length : shared;
    this.#names.length = depth;
    this.#filters.length = depth + 1;
    for (const name of names.slice(depth)) {
      this.#names.push(name);
      this.#filters.push(this.#enter(utf8ByteString(name)));
    }
    return this.#filters.at(-1)?.excludes(utf8ByteString(own), isDir) !== false;
  }

  #enter(name: string): DirFilter | undefined {
    const around = this.#filters.at(-1);
    return around?.excludes(name, true) === false ? around.enter(name, () => undefined) : undefined;
  }
}

/** Makes entries of objects that come in canonical order, with the directories around them. */
class EntryWriter {
  readonly #top: BucketTop;
  readonly #onBlocked: (path: string) => void;
  readonly #dirs: string[] = [];
  #hasTop = false;
  /** The last file: nothing can be in it. */
  #file: string | undefined;

  constructor(top: BucketTop, onBlocked: (path: string) => void) {
    this.#top = top;
    this.#onBlocked = onBlocked;
  }

  entriesOf({ path, kind }: IndexedEntry, facts: ObjectFacts): readonly SourceEntry<BucketFile>[] {
    if (this.#file !== undefined && path.startsWith(`${this.#file}/`)) {
      this.#onBlocked(path);
      return [];
    }
    const names = path.split("/");
    const time = fileTimeOf(facts);
    const { mode } = fileFactsIn(facts.metadata);
    if (kind === "dir") return this.#enter(names, time, mode);
    const entries = this.#enter(names.slice(0, -1), time);
    this.#file = path;
    const key = this.#top.prefix + path;
    const entry = entryAt(names.length, names.at(-1)!, {
      kind: "file",
      mode: mode ?? usualFileMode,
      size: facts.sizeBytes,
      ...time,
    });
    return [...entries, { entry, file: { key, path, size: facts.sizeBytes, mark: facts.mark } }];
  }

  /** The top, where nothing is in it. */
  rest(): readonly SourceEntry<BucketFile>[] {
    return this.#enter([], { mtimeSec: 0, mtimeNsec: 0 });
  }

  /** The directories that are new on the way to one. They have the time of what is found first. */
  #enter(names: readonly string[], time: FileTime, lastMode = dirMode): SourceEntry<BucketFile>[] {
    const entries: SourceEntry<BucketFile>[] = [];
    const add = (depth: number, name: string): void => {
      const mode = depth > 0 && depth === names.length ? lastMode : dirMode;
      const entry = entryAt(depth, name, { kind: "dir", mode, size: 0, ...time });
      entries.push({ entry, file: { key: "", path: name, size: 0, mark: "" } });
    };
    if (!this.#hasTop) add(0, this.#top.name);
    this.#hasTop = true;
    const differs = names.findIndex((name, at) => name !== this.#dirs[at]);
    const depth = differs < 0 ? names.length : differs;
    this.#dirs.length = Math.min(this.#dirs.length, depth);
    for (const name of names.slice(depth)) {
      this.#dirs.push(name);
      add(this.#dirs.length, name);
    }
    return entries;
  }
}

function entryAt(
  depth: number,
  name: string,
  facts: Pick<Entry, "kind" | "mode" | "size" | "mtimeSec" | "mtimeNsec">,
): Entry {
  return { depth, name: new TextEncoder().encode(name), ...facts };
}
