import type { FailedDeletion } from "./failed-deletion.ts";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { basename, resolve } from "node:path";
import { closingInTheEnd } from "../bytes/closing.ts";
import { errnoOf } from "../bytes/errno.node.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { makeDirs } from "../bytes/make-dirs.node.ts";
import { copyContent } from "../tree/disk/calls/copy-content.node.ts";
import type { Bytes } from "../types.ts";
import { fileFactsIn, objectOfFile } from "./dir-facts.node.ts";
import { changedMeanwhile } from "./changed-meanwhile.ts";
import { DirKeys, isMissing, type KeyPlace, makeDirectory, noPath, removeEmpty } from "./dir-keys.node.ts";
import { listDirectory } from "./dir-listing.node.ts";
import type {
  CopySource,
  ObjectBucket,
  ObjectFacts,
  PartWriter,
  ReadTerms,
  WriteTerms,
} from "./object-bucket.ts";
import { readAt, syncContent, writeAt } from "./open-file.node.ts";
import { orderedPages } from "./ordered-pages.ts";
import { readFlags } from "../bytes/open-flags.node.ts";
import { statsAt } from "../bytes/stats-at.node.ts";

export interface DirBucketOptions {
  /** True to wait for the disk before a file gets its name; for parts of one that is always so. */
  readonly isDurable?: boolean;
  /** Gets what no key can stand for, when it is listed. */
  readonly onSkipped?: (error: SyncError) => void;
}

/** How long what is not complete is kept. */
export const dirBucketLimits = Object.freeze({
  /** Milliseconds after which nobody goes on with an upload. */
  leftoverMs: 604_800_000,
});

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;
/** Of parts that are written where they belong, none is too small or too many. */
const partLimits = Object.freeze({ leastPartBytes: 1, mostPartBytes: 1_073_741_824, partCount: 1_000_000 });

/** The directories that are buckets. */
const directories = new WeakMap<ObjectBucket, DirKeys>();

/** A directory as a bucket: a file is an object, a folder marker a directory. */
export function dirBucket(
  path: string,
  { isDurable = false, onSkipped = () => {} }: DirBucketOptions = {},
): ObjectBucket {
  const root = resolve(path);
  const keys = new DirKeys(root);

  async function head(key: string): Promise<ObjectFacts | undefined> {
    return orMissing(key, async () => keys.at(key, (place) => factsAt(place, key.endsWith("/"))));
  }

  async function read(key: string, { range, ifMark }: ReadTerms = {}) {
    if (key.endsWith("/")) {
      const facts = await head(key);
      return facts && { bytes: new Uint8Array(0), facts };
    }
    return orMissing(key, async () => {
      const fd = keys.at(key, ({ held, dir, name }) => held.open(dir, name, readFlags));
      return closing(fd, async () => {
        const stats = fs.fstatSync(fd, { bigint: true });
        if (!stats.isFile()) return undefined;
        const facts = objectOfFile(stats);
        if (ifMark !== undefined && facts.mark !== ifMark) throw changedMeanwhile(key);
        const { offset, length } = range ?? { offset: 0, length: facts.sizeBytes };
        return { bytes: await readAt(fd, offset, Math.min(length, facts.sizeBytes - offset)), facts };
      });
    });
  }

  async function write(key: string, bytes: Bytes, terms: WriteTerms = {}): Promise<string> {
    if (key.endsWith("/")) return makeMarker(key, bytes);
    return makeFile(key, terms, async (fd) => writeAt(fd, bytes, 0));
  }

  /** Makes a file and gives it its name; nothing is left of it where that fails. */
  async function makeFile(
    key: string,
    terms: WriteTerms,
    fill: (fd: number) => Promise<void>,
  ): Promise<string> {
    const name = newName();
    return written(key, async () => {
      const fd = openUpload(name, O_CREAT | O_EXCL);
      try {
        return await closing(fd, async () => {
          await fill(fd);
          if (isDurable) await syncContent(fd);
          return settle(fd, name, key, terms);
        });
      } catch (thrown) {
        removeUpload(name);
        throw thrown;
      }
    });
  }

  async function makeMarker(key: string, bytes: Bytes): Promise<string> {
    if (bytes.length > 0) throw noPath(key, "a directory has no content");
    return written(key, async () => {
      keys.at(
        key,
        (place) => {
          makeDirectory(place);
          if (!factsAt(place, true)) throw noPath(key, "something that is no directory is in the way");
        },
        true,
      );
      return "";
    });
  }

  /** Gives content that is complete its name. */
  function settle(fd: number, upload: string, key: string, { metadata, replaces }: WriteTerms): string {
    const { timeSeconds, mode } = metadata ? fileFactsIn(metadata) : {};
    if (mode !== undefined) fs.fchmodSync(fd, mode);
    if (timeSeconds !== undefined) fs.futimesSync(fd, timeSeconds, timeSeconds);
    const rename = (place: KeyPlace): string => {
      if (replaces !== undefined && (factsAt(place, false)?.mark ?? null) !== replaces)
        throw changedMeanwhile(key);
      const { held, dir, name } = place;
      keys.inUploads(upload, (from) => held.rename(from.dir, from.name, dir, name));
      return objectOfFile(fs.fstatSync(fd, { bigint: true })).mark;
    };
    return keys.at(key, rename, true);
  }

  function openUpload(name: string, flags: number): number {
    return keys.inUploads(basename(name), ({ held, dir, name }) =>
      held.open(dir, name, O_RDWR | O_NOFOLLOW | flags, 0o666),
    );
  }

  function removeUpload(name: string): void {
    try {
      keys.inUploads(basename(name), ({ held, dir, name }) => fs.unlinkSync(held.at(dir, name)));
    } catch {
      // It is gone, or goes with what is old.
    }
  }

  const parts: PartWriter = {
    limits: partLimits,
    async begin(key) {
      const id = newName();
      return written(key, async () => {
        fs.closeSync(openUpload(id, O_CREAT | O_EXCL));
        return { key, id };
      });
    },
    write: async ({ key, id }, { number, offset }, bytes) =>
      written(key, async () => {
        const fd = asUpload(() => openUpload(id, 0));
        await closing(fd, async () => {
          await writeAt(fd, bytes, offset);
          // Who goes on with it after a loss of power takes it for written.
          await syncContent(fd);
        });
        return { number, etag: "" };
      }),
    complete: async ({ key, id }, _parts, terms = {}) =>
      written(key, async () => {
        const fd = asUpload(() => openUpload(id, 0));
        return closing(fd, async () => settle(fd, basename(id), key, terms));
      }),
    abandon: async ({ id }) => removeUpload(id),
  };

  async function deleteMany(doomed: readonly string[]): Promise<readonly FailedDeletion[]> {
    const failed: FailedDeletion[] = [];
    for (const key of doomed) {
      try {
        keys.at(key, (place) => remove(place, key.endsWith("/")));
      } catch (thrown) {
        if (!isMissing(thrown)) failed.push({ key, error: toSyncError(thrown, "IO") });
      }
    }
    return failed;
  }

  async function copy({ bucket, key: from }: CopySource, key: string, terms: WriteTerms = {}) {
    const facts = await bucket.head(from);
    if (facts === undefined) return undefined;
    if (from.endsWith("/")) return makeMarker(key, new Uint8Array(0));
    const others = directories.get(bucket)!;
    return makeFile(key, { metadata: facts.metadata, ...terms }, async (fd) =>
      others.at(from, ({ held, dir, name }) => copyContent(held, { dir, name }, fd)),
    );
  }

  const bucket: ObjectBucket = {
    url: root,
    name: basename(root),
    async get(key, maxBytes) {
      const found = await read(key);
      if (found && found.bytes.length > maxBytes) throw new SyncError("LIMIT", "the file is too long");
      return found?.bytes;
    },
    has: async (key) => (await head(key)) !== undefined,
    async put(key, bytes) {
      await write(key, bytes);
    },
    async delete(key) {
      await deleteMany([key]);
    },
    async *list(prefix) {
      for await (const page of listDirectory(keys, { prefix }, onSkipped))
        yield* page.filter(({ isImplied }) => isImplied !== true);
    },
    listsRanges: false,
    pages: (range) => orderedPages(range, listDirectory(keys, range, onSkipped)),
    head,
    read,
    write,
    parts,
    firstPartBytes: async () => undefined,
    copiesFrom: (other) => directories.has(other),
    copy,
    deleteMany,
    async exists() {
      const there = statsAt(root);
      if (there && !there.isDirectory())
        throw new SyncError("NOT_FOUND", "this is no directory", { detail: { path: root } });
      return there !== undefined;
    },
    async timeMs() {
      const name = newName();
      const fd = openUpload(name, O_CREAT | O_EXCL);
      return closing(fd, async () => fs.fstatSync(fd).mtimeMs).finally(() => removeUpload(name));
    },
    async create() {
      makeDirs(root);
    },
    async close() {
      if (statsAt(root)?.isDirectory() === true) keys.sweep(Date.now() - dirBucketLimits.leftoverMs);
      keys.close();
    },
  };
  directories.set(bucket, keys);
  return bucket;
}

/** What is known of the file of a key, or of the directory of a folder marker. */
function factsAt({ held, dir, name }: KeyPlace, isMarker: boolean): ObjectFacts | undefined {
  const stats = fs.lstatSync(held.at(dir, name), { bigint: true, throwIfNoEntry: false });
  if (isMarker) return stats?.isDirectory() === true ? { ...objectOfFile(stats), sizeBytes: 0 } : undefined;
  return stats?.isFile() === true ? objectOfFile(stats) : undefined;
}

/** Removes a file, and the directories that hold nothing then. */
function remove(place: KeyPlace, isMarker: boolean): void {
  const { held, dir, name } = place;
  if (isMarker) return void removeEmpty(place);
  fs.unlinkSync(held.at(dir, name));
  for (let empty = dir; empty.parent !== undefined; empty = empty.parent)
    if (!removeEmpty({ held, dir: empty.parent, name: empty.name })) return;
}

/** Uses an open file, and closes it. */
async function closing<Result>(fd: number, use: () => Promise<Result>): Promise<Result> {
  return closingInTheEnd(use, async () => fs.closeSync(fd));
}

function newName(): string {
  return randomBytes(12).toString("hex");
}

/** @throws NOT_FOUND for an upload that is no longer there */
function asUpload(open: () => number): number {
  try {
    return open();
  } catch (thrown) {
    if (isMissing(thrown)) throw new SyncError("NOT_FOUND", "the upload is no longer there");
    throw thrown;
  }
}

async function orMissing<Result>(
  key: string,
  look: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  try {
    return await look();
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw toSyncError(thrown, "IO", { path: key });
  }
}

/** @throws NO_SPACE, IO, PATH */
async function written<Result>(key: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (thrown) {
    const isInWay = ["EEXIST", "EISDIR", "ENOTDIR", "ENOTEMPTY"].includes(errnoOf(thrown) ?? "");
    throw toSyncError(thrown, isInWay ? "PATH" : "IO", { path: key });
  }
}
