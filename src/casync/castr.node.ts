import fs from "node:fs";
import { join, resolve } from "node:path";
import { errnoOf } from "../bytes/errno.node.ts";
import { hasOtherBytes } from "../bytes/byte-text.ts";
import { statsAt } from "../bytes/stats-at.node.ts";
import { Pause } from "../bytes/pause.node.ts";
import type { Chunk, ChunkId, ChunkInfo } from "../chunk/chunk.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { SyncError, isSyncError } from "../errors.ts";
import { maxStoredChunkBytes, readChunkFile } from "../store/chunk-file.node.ts";
import { Gate } from "../store/gate.ts";
import { fileCall, ioError } from "../store/io-error.node.ts";
import { makeDirs } from "../bytes/make-dirs.node.ts";
import { locked, nameOf, notFound } from "../store/key.ts";
import { PinTable } from "../store/pin.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";
import type { ChunkCoding } from "./chunk-coding.ts";
import { CastrFiles, temporaryPrefix } from "./castr-files.node.ts";
import { nameOfForm } from "./castr-form.node.ts";
import { CastrReads } from "./castr-reads.node.ts";
import { CastrThread } from "./castr-thread.node.ts";
import { chunkPath, idOfPath } from "./chunk-name.ts";
import { type KeptChunks, renewMs } from "./kept-chunks.ts";
import type { StoredChunks } from "./stored-chunks.ts";
import { nodeCoding } from "./compressor.node.ts";

export interface CastrOptions {
  /** The form that chunks have; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** True to make the directory when it is not there. */
  readonly create?: boolean;
}

/** A store of casync or desync in a directory. */
export interface CastrStore extends Store, KeptChunks, StoredChunks {}

/** Bytes that are written before a thread is started, which takes longer than to write these. */
const firstBytes = 4_194_304;

/** What casync's own end in, behind an id and 16 digits. */
const temporaryOfCasync = /^[0-9a-f]{64}\.[0-9a-f]{16}\.tmp$/;

/**
 * Opens a store that casync and desync can use at the same time. A chunk has its name when it is
 * complete, never before. Pins hold only against this very store object.
 *
 * @throws NOT_FOUND when the directory is not there, USAGE when it is something else, IO
 */
export function castrStore(path: string, options: CastrOptions = {}): CastrStore {
  const { coding = nodeCoding, digest = sha512_256Digest, create = false } = options;
  const root = resolve(path);
  openRoot(root, create);
  const gate = new Gate();
  const pins = new PinTable();
  const pause = new Pause();
  const files = new CastrFiles(root);
  const form = { coding, digest };
  const reads = new CastrReads(root, form);
  const formName = nameOfForm(form);
  let thread: CastrThread | undefined;
  let writtenBytes = 0;

  async function enter(options: AbortOptions | undefined): Promise<void> {
    if (pause.due()) await pause.take();
    gate.enter(options);
  }

  const placeOf = (id: ChunkId): string => `${root}/${chunkPath(id, coding.suffix)}`;

  async function write(chunk: Chunk): Promise<void> {
    const path = chunkPath(chunk.id, coding.suffix);
    const isMuch = (writtenBytes += chunk.bytes.length) > firstBytes;
    if (isMuch && formName) thread ??= CastrThread.start({ root, form: formName });
    await (thread ? thread.write(path, chunk) : files.write(path, coding.encode(chunk.bytes)));
  }

  const store: CastrStore = {
    async get(id, options) {
      gate.enter(options);
      return reads.get(id);
    },
    async put(chunk, options) {
      await enter(options);
      checkSize(chunk);
      if (!isRenewed(placeOf(chunk.id))) await write(chunk);
    },
    async renew(id, options) {
      await enter(options);
      return isRenewed(placeOf(id));
    },
    renewNow(id) {
      gate.enter(undefined);
      return isRenewed(placeOf(id));
    },
    async has(id, options) {
      await enter(options);
      return isThere(placeOf(id));
    },
    async delete(id, options) {
      await enter(options);
      if (pins.holds(nameOf(id))) throw locked(id);
      removeFile(placeOf(id));
    },
    async *list(options) {
      for await (const { id } of store.kept(options)) {
        const info = await sizeOf(store, id, options);
        if (info) yield info;
      }
    },
    stored(id, form) {
      gate.enter(undefined);
      return form.suffix === coding.suffix ? readStored(placeOf(id), id) : undefined;
    },
    async *kept(options) {
      gate.enter(options);
      for await (const path of pathsIn(root)) {
        const id = idOfPath(path, coding.suffix);
        const stats = id && lookAt(join(root, path));
        if (id === undefined || stats?.isFile() !== true) continue;
        yield { id, writtenMs: stats.mtimeMs };
        gate.enter(options);
      }
    },
    async pin(id, options) {
      await enter(options);
      return isThere(placeOf(id)) ? pins.add(nameOf(id)) : undefined;
    },
    async sweep(olderThanMs, options) {
      gate.enter(options);
      let count = 0;
      for await (const path of pathsIn(root)) {
        gate.enter(options);
        if (isTemporary(path) && removeOld(join(root, path), olderThanMs)) count++;
      }
      return count;
    },
    async close() {
      gate.close();
      await Promise.all([thread?.close(), reads.close()]);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

function openRoot(root: string, create: boolean): void {
  if (hasOtherBytes(root))
    throw new SyncError("USAGE", "the directory of a store has to have a name in UTF-8", {
      detail: { path: root },
    });
  const stats = fileCall(root, () => statsAt(root));
  if (stats === undefined && !create)
    throw new SyncError("NOT_FOUND", "there is no store of chunks", { detail: { path: root } });
  if (stats === undefined) makeDirs(root);
  else if (!stats.isDirectory())
    throw new SyncError("USAGE", "a store of chunks has to be a directory", { detail: { path: root } });
}

/** @throws NOT_FOUND, CORRUPT for what is no chunk file, IO */
function readStored(path: string, id: ChunkId): Uint8Array {
  try {
    return readChunkFile(path);
  } catch (thrown) {
    // What is no file, such as a link of casync, is no chunk; most are there, and not looked at.
    if (!isThere(path)) throw notFound(id);
    throw thrown;
  }
}

function isThere(path: string): boolean {
  return lookAt(path)?.isFile() === true;
}

/**
 * True for a chunk that is there, which is young from now on: the index that is going to name it
 * may not be there when somebody prunes.
 */
function isRenewed(path: string): boolean {
  const stats = lookAt(path);
  if (stats?.isFile() !== true) return false;
  const nowMs = Date.now();
  if (nowMs - stats.mtimeMs < renewMs) return true;
  try {
    fs.utimesSync(path, nowMs / 1000, nowMs / 1000);
    return true;
  } catch (thrown) {
    // One of another user's stays as old as it is.
    return errnoOf(thrown) !== "ENOENT";
  }
}

function lookAt(path: string): fs.Stats | undefined {
  return fileCall(path, () => fs.lstatSync(path, { throwIfNoEntry: false }));
}

function checkSize({ bytes }: Chunk): void {
  if (bytes.length <= maxStoredChunkBytes) return;
  throw new SyncError("LIMIT", "the chunk is too large for a store in a directory", {
    detail: { limit: maxStoredChunkBytes, actual: bytes.length },
  });
}

async function sizeOf(
  store: Store,
  id: ChunkId,
  options: AbortOptions | undefined,
): Promise<ChunkInfo | undefined> {
  try {
    return { id, size: (await store.get(id, options)).bytes.length };
  } catch (thrown) {
    if (isSyncError(thrown, "NOT_FOUND") || isSyncError(thrown, "CORRUPT")) return undefined;
    throw thrown;
  }
}

/** What lies in the directories of a store, as `abcd/name`. A link may lead out of the store. */
async function* pathsIn(root: string): AsyncGenerator<string> {
  const pause = new Pause();
  for (const shard of entriesIn(root)) {
    if (!shard.isDirectory() || !/^[0-9a-f]{4}$/.test(shard.name)) continue;
    for (const { name } of entriesIn(join(root, shard.name))) yield `${shard.name}/${name}`;
    if (pause.due()) await pause.take();
  }
}

/** What a directory has; nothing when it is not there. */
function entriesIn(path: string): fs.Dirent[] {
  try {
    return fs.readdirSync(path, { withFileTypes: true });
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === "ENOENT" || errno === "ENOTDIR") return [];
    throw ioError(thrown, path);
  }
}

function isTemporary(path: string): boolean {
  const name = path.slice(path.indexOf("/") + 1);
  return name.startsWith(temporaryPrefix) || temporaryOfCasync.test(name);
}

function removeOld(path: string, olderThanMs: number): boolean {
  const stats = lookAt(path);
  if (stats === undefined || Date.now() - stats.mtimeMs < olderThanMs) return false;
  removeFile(path);
  return true;
}

/** Removes a file; one that is not there is no trouble. */
function removeFile(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT") throw ioError(thrown, path);
  }
}
