import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, type FileHandle, lstat, mkdir, open, rename, rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { SyncError, toSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { fileFactsIn, objectOfFile } from "./dir-facts.node.ts";
import { listDirectory } from "./dir-listing.node.ts";
import { isDirectory, isMissing, makeDirectory, noPath, placeOf, uploadsName } from "./dir-paths.node.ts";
import type {
  CopySource,
  FailedDeletion,
  ObjectBucket,
  ObjectFacts,
  PartWriter,
  ReadTerms,
  WriteTerms,
} from "./object-bucket.ts";
import { orderedPages } from "./ordered-pages.ts";

export interface DirBucketOptions {
  /** Gets what no key can stand for, when it is listed. */
  readonly onSkipped?: (error: SyncError) => void;
}

const { COPYFILE_EXCL, COPYFILE_FICLONE, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
/** Of parts that are written where they belong, none is too small or too many. */
const partLimits = Object.freeze({ leastPartBytes: 1, mostPartBytes: 1_073_741_824, partCount: 1_000_000 });

/** Where the directories are that are buckets. */
const roots = new WeakMap<ObjectBucket, string>();

/** A directory as a bucket: a file is an object, a folder marker a directory. */
export function dirBucket(path: string, { onSkipped = () => {} }: DirBucketOptions = {}): ObjectBucket {
  const root = resolve(path);
  const uploads = join(root, uploadsName);

  async function head(key: string): Promise<ObjectFacts | undefined> {
    return orMissing(key, async () => {
      const stats = await lstat(await placeOf(root, key), { bigint: true });
      if (key.endsWith("/"))
        return stats.isDirectory() ? { ...objectOfFile(stats), sizeBytes: 0 } : undefined;
      return stats.isFile() ? objectOfFile(stats) : undefined;
    });
  }

  async function read(key: string, { range, ifMark }: ReadTerms = {}) {
    if (key.endsWith("/")) {
      const facts = await head(key);
      return facts && { bytes: new Uint8Array(0), facts };
    }
    return orMissing(key, async () => {
      const file = await open(await placeOf(root, key), O_RDONLY | O_NOFOLLOW);
      try {
        const stats = await file.stat({ bigint: true });
        if (!stats.isFile()) return undefined;
        const facts = objectOfFile(stats);
        if (ifMark !== undefined && facts.mark !== ifMark) throw changed(key);
        const { offset, length } = range ?? { offset: 0, length: facts.sizeBytes };
        return { bytes: await readAt(file, offset, Math.min(length, facts.sizeBytes - offset)), facts };
      } finally {
        await file.close();
      }
    });
  }

  async function write(key: string, bytes: Bytes, terms: WriteTerms = {}): Promise<string> {
    if (key.endsWith("/")) return makeMarker(key, bytes);
    return settled(key, terms, async (name) => {
      const file = await openUpload(name, O_CREAT | O_EXCL);
      try {
        await writeAt(file, bytes, 0);
      } finally {
        await file.close();
      }
    });
  }

  /** Makes content and gives it its name; nothing is left of it where that fails. */
  async function settled(
    key: string,
    terms: WriteTerms,
    make: (name: string) => Promise<void>,
  ): Promise<string> {
    const name = newName();
    return written(key, async () => {
      try {
        await make(name);
        return await settle(name, key, terms);
      } catch (thrown) {
        await unlink(join(uploads, name)).catch(() => {});
        throw thrown;
      }
    });
  }

  async function makeMarker(key: string, bytes: Bytes): Promise<string> {
    if (bytes.length > 0) throw noPath(key, "a directory has no content");
    return written(key, async () => {
      const place = await placeOf(root, key, true);
      if (!(await isDirectory(place, key))) await makeDirectory(place);
      return "";
    });
  }

  /** Gives content that is complete its name. */
  async function settle(name: string, key: string, { metadata, replaces }: WriteTerms): Promise<string> {
    const from = join(uploads, name);
    const place = await placeOf(root, key, true);
    const { timeSeconds, mode } = metadata ? fileFactsIn(metadata) : {};
    const file = await open(from, O_RDONLY | O_NOFOLLOW);
    try {
      if (mode !== undefined) await file.chmod(mode);
      if (timeSeconds !== undefined) await file.utimes(timeSeconds, timeSeconds);
    } finally {
      await file.close();
    }
    if (replaces !== undefined && ((await head(key))?.mark ?? null) !== replaces) throw changed(key);
    await rename(from, place);
    return objectOfFile(await lstat(place, { bigint: true })).mark;
  }

  /** @throws PATH for a link, which may lead out of the directory */
  async function makeUploads(): Promise<void> {
    await mkdir(uploads, { recursive: true, mode: 0o700 });
    await isDirectory(uploads, uploadsName);
  }

  async function openUpload(name: string, flags: number): Promise<FileHandle> {
    await makeUploads();
    return open(join(uploads, basename(name)), O_RDWR | O_NOFOLLOW | flags, 0o666);
  }

  const parts: PartWriter = {
    limits: partLimits,
    async begin(key) {
      const id = newName();
      return written(key, async () => {
        await (await openUpload(id, O_CREAT | O_EXCL)).close();
        return { key, id };
      });
    },
    write: async ({ key, id }, { number, offset }, bytes) =>
      written(key, async () => {
        const file = await openUpload(id, 0).catch(noUpload);
        try {
          await writeAt(file, bytes, offset);
        } finally {
          await file.close();
        }
        return { number, etag: "" };
      }),
    complete: async ({ key, id }, _parts, terms = {}) =>
      written(key, async () => settle(basename(id), key, terms).catch(noUpload)),
    abandon: async ({ id }) => unlink(join(uploads, basename(id))).catch(() => {}),
  };

  async function deleteMany(keys: readonly string[]): Promise<readonly FailedDeletion[]> {
    const failed: FailedDeletion[] = [];
    for (const key of keys) {
      try {
        await remove(await placeOf(root, key), key);
      } catch (thrown) {
        if (!isMissing(thrown)) failed.push({ key, reason: toSyncError(thrown, "IO").message });
      }
    }
    await rmdir(uploads).catch(() => {});
    return failed;
  }

  /** Removes a file, and the directories that hold nothing then. */
  async function remove(place: string, key: string): Promise<void> {
    if (key.endsWith("/")) return rmdir(place).catch(() => {});
    await unlink(place);
    for (let dir = dirname(place); dir !== root; dir = dirname(dir)) {
      const isGone = await rmdir(dir).then(
        () => true,
        () => false,
      );
      if (!isGone) return;
    }
  }

  async function copy({ bucket, key: from }: CopySource, key: string, terms: WriteTerms = {}) {
    const facts = await bucket.head(from);
    if (facts === undefined) return undefined;
    if (from.endsWith("/")) return makeMarker(key, new Uint8Array(0));
    const place = await placeOf(roots.get(bucket)!, from);
    return settled(key, { metadata: facts.metadata, ...terms }, async (name) => {
      await makeUploads();
      await copyFile(place, join(uploads, name), COPYFILE_EXCL | COPYFILE_FICLONE);
    });
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
      for await (const page of listDirectory(root, { prefix }, onSkipped))
        yield* page.filter(({ isImplied }) => isImplied !== true);
    },
    pages: (range) => orderedPages(range, listDirectory(root, range, onSkipped)),
    head,
    read,
    write,
    parts,
    firstPartBytes: async () => undefined,
    copiesFrom: (other) => roots.has(other),
    copy,
    deleteMany,
    exists: async () =>
      lstat(`${root}/`).then(
        (stats) => stats.isDirectory(),
        () => false,
      ),
    async create() {
      await mkdir(root, { recursive: true });
    },
  };
  roots.set(bucket, root);
  return bucket;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Bytes> {
  const bytes = new Uint8Array(Math.max(0, length));
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) throw new SyncError("CHANGED", "the file became shorter while it was read");
    done += bytesRead;
  }
  return bytes;
}

/** Writes all of it. A file system that gets full takes a part first, and says so only then. */
async function writeAt(file: FileHandle, bytes: Bytes, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}

function newName(): string {
  return randomBytes(12).toString("hex");
}

function changed(path: string): SyncError {
  return new SyncError("CHANGED", "it was changed by somebody else meanwhile", { detail: { path } });
}

function noUpload(thrown: unknown): never {
  if (isMissing(thrown)) throw new SyncError("NOT_FOUND", "the upload is no longer there");
  throw thrown;
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
    const { code } = thrown as NodeJS.ErrnoException;
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    const isInWay = code === "EISDIR" || code === "ENOTDIR" || code === "ENOTEMPTY" || code === "EEXIST";
    throw toSyncError(thrown, isFull ? "NO_SPACE" : isInWay ? "PATH" : "IO", { path: key });
  }
}
