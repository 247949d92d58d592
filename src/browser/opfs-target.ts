import { decodeByteText } from "../bytes/byte-text.ts";
import { inAnyOrder } from "../bytes/in-any-order.ts";
import { sha256Digest } from "../chunk/digest.ts";
import { SyncError } from "../errors.ts";
import { domTrouble } from "../store/dom-trouble.ts";
import { compareEntry, keepsAll, type Metadata, modeMask, type Standing } from "../tree/plan/comparison.ts";
import { stagingName } from "../tree/entry/staging-name.ts";
import { joinPlacements } from "../tree/stretch.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { ListedChunks, Need, Placement, TargetOptions, TreeTarget } from "../tree/target.ts";
import { ChunkPlaces } from "./chunk-places.ts";
import { type FileRecord, FolderRecord } from "./folder-record.ts";
import { IncomingFile, KeptBytes } from "./incoming-file.ts";
import { lookAt, type OpfsDir, type OpfsStanding, pathIn, textName } from "./opfs-folder.ts";
import { opfsLimits } from "./opfs-limits.ts";
import { OldContent } from "./old-content.ts";
import { Parts } from "./parts.ts";
import { placeKnown } from "./place-known.ts";
import { Replacements } from "./replacements.ts";

/**
 * Receives into a directory of the browser's private file system (OPFS). It needs a worker, whose
 * access to files is synchronous.
 *
 * Files are built in a directory `.rsync-stream` at the top and moved to their names when complete,
 * so each is the old or the new one. Times and modes, which the browser cannot keep, are recorded
 * there, so that what has not changed need not come again. What was received when a session breaks
 * off, or the page is left, is used by the next one. Symbolic links are reported and left out.
 */
export function opfsTarget(directory: FileSystemDirectoryHandle): TreeTarget {
  return new OpfsTarget(directory);
}

/** What is there once the target is open. */
interface Opened {
  readonly options: TargetOptions;
  readonly places: ChunkPlaces;
  readonly record: FolderRecord;
  readonly parts: Parts;
  readonly old: OldContent;
  readonly replacements: Replacements;
}

class OpfsTarget implements TreeTarget {
  readonly takesAnyDigest = true;
  readonly #top: OpfsDir;
  readonly #memory = new KeptBytes();
  readonly #incoming = new Map<number, IncomingFile>();
  /**
   * The directories on the way to the last entry, by depth; undefined where one could not be had.
   */
  readonly #dirs: Promise<OpfsDir | undefined>[] = [];
  #opened: Opened | undefined;

  constructor(directory: FileSystemDirectoryHandle) {
    this.#top = { handle: directory, path: "", isNew: false };
  }

  async open(options: TargetOptions): Promise<void> {
    const top = this.#top.handle;
    await this.#guard(async () => {
      const staging = await top.getDirectoryHandle(stagingName, { create: true });
      const parts = await Parts.open(staging);
      const record = await FolderRecord.open(staging);
      const places = new ChunkPlaces(options.digest ?? sha256Digest);
      const old = new OldContent(places, { top, record, parts, options });
      this.#opened = {
        options,
        places,
        record,
        parts,
        old,
        replacements: await Replacements.open(staging, parts),
      };
      if (options.search) await old.learnFolder();
    });
  }

  async plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    const needs: Need[] = [];
    const { filesAtOnceCount } = opfsLimits;
    for (let at = 0; at < entries.length; at += filesAtOnceCount) {
      const some = entries.slice(at, at + filesAtOnceCount);
      needs.push(...(await Promise.all(some.map((entry, i) => this.#planEntry(entry, first + at + i)))));
    }
    return needs;
  }

  async place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]> {
    const found = new Map<ListedChunks, Uint8Array>();
    await this.#ofFiles(lists, async (list) => {
      const file = this.#incoming.get(list.entry);
      if (!file) return;
      const here = await this.#attempt(list.entry, file.path, async () => {
        await this.#required().old.learnFor(file);
        return placeKnown(file, this.#required().places, list);
      });
      if (here) found.set(list, here);
    });
    // Nothing needs to be sent of a file that cannot be had.
    return lists.map((list) => found.get(list) ?? new Uint8Array(list.sizes.length).fill(1));
  }

  write(placements: readonly Placement[]): Promise<void> {
    const { places } = this.#required();
    return this.#ofFiles(joinPlacements(placements), async ({ entry, offset, bytes, placements: joined }) => {
      const file = this.#incoming.get(entry);
      if (!file) return;
      await this.#attempt(entry, file.path, async () => {
        await file.put(offset, bytes);
        const address = (file.address ??= places.add(file, file.entry.size));
        for (const { chunk, offset: at } of joined) places.learn(chunk.id, address + at);
      });
    });
  }

  /** Does what is about several files at the same time, and what is about one in its order. */
  async #ofFiles<Item extends { readonly entry: number }>(
    items: readonly Item[],
    work: (item: Item) => Promise<void>,
  ): Promise<void> {
    const byFile = new Map<number, Item[]>();
    for (const item of items) byFile.set(item.entry, [...(byFile.get(item.entry) ?? []), item]);
    await inAnyOrder([...byFile.values()], { count: opfsLimits.writtenAtOnceCount }, async (ofOne) => {
      for (const item of ofOne) await work(item);
    });
  }

  async finish(files: readonly { readonly entry: number; readonly size: number }[]): Promise<void> {
    const { record } = this.#required();
    const { filesAtOnceCount } = opfsLimits;
    for (let at = 0; at < files.length; at += filesAtOnceCount) {
      const some = files.slice(at, at + filesAtOnceCount);
      await Promise.all(some.map(({ entry, size }) => this.#finishFile(entry, size)));
    }
    await this.#guard(async () => record.save());
  }

  async abandon(entry: number, reason: SyncError): Promise<void> {
    const file = this.#incoming.get(entry);
    if (!file) return;
    this.#drop(entry);
    const { code, message, remote } = reason;
    this.#required().options.onTrouble(
      entry,
      new SyncError(code, message, { remote, detail: { path: file.path } }),
    );
  }

  async commit(): Promise<void> {
    const { options, parts, record, replacements } = this.#required();
    await this.#guard(async () => {
      for await (const { entry, path, trouble } of replacements.finish()) {
        if (trouble !== undefined) options.onTrouble(entry, domTrouble(trouble, path));
      }
      record.save();
      await parts.clear();
    });
  }

  async discard(): Promise<void> {
    await this.#guard(async () => this.#opened?.parts.clear());
  }

  async close(): Promise<void> {
    await this.#opened?.parts.close();
    this.#opened?.record.close();
    this.#opened = undefined;
  }

  /**
   * Until its first `await` it runs in the order of entries, which decides the directory that each
   * is in.
   */
  #planEntry(entry: Entry, number: number): Promise<Need> {
    const { depth } = entry;
    const isRoot = depth === 0 && this.#required().options.layout === "contents";
    const parent = depth === 0 ? Promise.resolve(this.#top) : this.#dirs[depth - 1]!;
    if (entry.kind !== "dir") return this.#planFile(parent, entry, number);
    this.#dirs.length = depth;
    this.#dirs[depth] = isRoot ? parent : this.#enter(parent, entry, number);
    return this.#dirs[depth].then(() => "nothing");
  }

  async #enter(
    parent: Promise<OpfsDir | undefined>,
    entry: Entry,
    number: number,
  ): Promise<OpfsDir | undefined> {
    const dir = await parent;
    return (
      dir &&
      this.#attempt(number, shownPath(dir, entry), async () => {
        const name = nameOf(entry);
        const path = pathIn(dir, name);
        const there = await lookAt(dir, name, "dir");
        if (there.kind === "dir") return { handle: there.handle, path, isNew: false };
        if (there.kind === "file") return this.#required().replacements.begin(number, dir, name);
        return { handle: await dir.handle.getDirectoryHandle(name, { create: true }), path, isNew: true };
      })
    );
  }

  async #planFile(parent: Promise<OpfsDir | undefined>, entry: Entry, number: number): Promise<Need> {
    const dir = await parent;
    const { options, record, parts, old } = this.#required();
    const need =
      dir &&
      (await this.#attempt(number, shownPath(dir, entry), async (): Promise<Need> => {
        const name = nameOf(entry);
        const path = pathIn(dir, name);
        if (entry.kind !== "file") throw new SyncError("UNSUPPORTED", "a browser keeps no links or devices");
        const there = await lookAt(dir, name, "file");
        const known = record.files.get(path);
        const outcome = compareEntry(entry, standingOf(there, known), keepsAll);
        if (outcome === "blocked") throw new SyncError("IO", "a directory that is not empty is in the way");
        if (outcome === "touched") record.set(path, { ...known!, ...metadataOf(entry) });
        if (outcome === "same" || outcome === "touched") return "nothing";
        if (there.kind === "file") options.onReplace?.(number, there.file.size);
        const file = new IncomingFile(dir, name, entry, there, { parts, memory: this.#memory });
        this.#incoming.set(number, file);
        return old.mayHave(path, entry.size, file.old) ? "ask" : "all";
      }));
    return need ?? "nothing";
  }

  async #finishFile(entry: number, size: number): Promise<void> {
    const file = this.#incoming.get(entry);
    if (!file) return;
    await this.#attempt(entry, file.path, async () => {
      this.#required().record.set(file.path, await file.complete(size));
      this.#drop(entry);
    });
  }

  #drop(entry: number): void {
    this.#incoming.get(entry)?.drop();
    this.#incoming.delete(entry);
  }

  /**
   * Does something for one entry; trouble with it is told, the entry given up, and the others go
   * on.
   */
  async #attempt<Result>(
    entry: number,
    path: string,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    const { options } = this.#required();
    options.signal?.throwIfAborted();
    try {
      return await work();
    } catch (thrown) {
      options.signal?.throwIfAborted();
      this.#drop(entry);
      const error = domTrouble(thrown, path);
      if (error.code === "NO_SPACE") throw await this.#makeRoom(error);
      options.onTrouble(entry, error);
      return undefined;
    }
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      throw domTrouble(thrown, stagingName);
    }
  }

  /** What waits here to be used later is part of why there is no more room. */
  async #makeRoom(error: SyncError): Promise<SyncError> {
    await this.#required()
      .parts.clear()
      .catch(() => {});
    return error;
  }

  #required(): Opened {
    if (this.#opened) return this.#opened;
    throw new SyncError("STATE", "a tree target is opened before it is used");
  }
}

/** @throws PATH for a name that the folder cannot have */
function nameOf(entry: Entry): string {
  const name = textName(entry.name);
  if (name === stagingName) throw new SyncError("PATH", "this name is reserved");
  return name;
}

function shownPath(dir: OpfsDir, { name }: Entry): string {
  return pathIn(dir, decodeByteText(name));
}

/**
 * What stands there, with what is recorded of it; of a file that somebody else changed the time is
 * not known.
 */
function standingOf(there: OpfsStanding, known: FileRecord | undefined): Standing | undefined {
  if (there.kind === "none") return undefined;
  const nothing = { size: 0, mode: 0, mtimeSec: Number.NaN, mtimeNsec: 0 };
  if (there.kind === "dir") return { ...nothing, kind: "dir", isEmpty: there.isEmpty ?? false };
  const { size, lastModified } = there.file;
  const isKnown = known?.size === size && known.storedMs === lastModified;
  return { ...nothing, ...(isKnown && known), kind: "file", size };
}

function metadataOf({ mode, mtimeSec, mtimeNsec }: Entry): Metadata {
  return { mode: mode & modeMask, mtimeSec, mtimeNsec };
}
