import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import type { ChunkDigest } from "../chunk/digest.ts";
import { keyOf } from "../chunk/id-key.ts";
import { SyncError } from "../errors.ts";
import { fileCall, ioError } from "../store/io-error.node.ts";
import { isZero } from "../tree/disk/calls/zero.node.ts";
import type { Bytes } from "../types.ts";
import { readFully } from "./blob-seed.node.ts";
import type { ChunkTable } from "./chunk-table.ts";
import type { ReadChunk } from "./blob-reader.ts";
import type { FetchChunk } from "./decoded-chunks.ts";
import { inAnyOrder } from "../bytes/in-any-order.ts";
import type { IndexChunk } from "./index-header.ts";

export interface CopyOnReadOptions {
  /** File that says which chunks are there, in desync's form: a bit for each. */
  readonly state?: string;
  /** File of that form which says what to fetch at once, when there is no `state` that fits. */
  readonly initialState?: string;
  /** Chunks that are fetched at a time then; 10 unless given. */
  readonly jobCount?: number;
  /** Called when the file cannot be written to; reading goes on. */
  readonly onTrouble?: (error: SyncError) => void;
}

/** A file that fills with chunks as they are read. */
export interface CopyOnRead {
  /** Takes a chunk from the file, or else from where it comes. */
  readonly fetch: FetchChunk;
  /** Writes a chunk that was read, unless it is there. */
  readonly keep: ReadChunk;
  /** Fetches what is asked for at the start; resolves when all that is there. */
  fill(): Promise<void>;
  /** Writes the state, if that has a file. @throws IO, NO_SPACE */
  saveState(): void;
  close(): void;
}

/**
 * Opens a file that chunks are read from, and fetched into when they are not there. What it has is
 * verified as any store is: with the state of another index it is of no use, but does no harm.
 *
 * @throws IO, NO_SPACE, NOT_FOUND and BAD_MESSAGE for an `initialState` that does not fit
 */
export function copyOnRead(
  path: string,
  table: ChunkTable,
  digest: ChunkDigest,
  fetch: FetchChunk,
  options: CopyOnReadOptions = {},
): CopyOnRead {
  const { state, initialState, jobCount = 10, onTrouble } = options;
  const isNew = !existsSync(path);
  const fd = fileCall(path, () => openSync(path, isNew ? "w+" : "r+"));
  const fits = !isNew && fileCall(path, () => fstatSync(fd)).size === table.sizeBytes;
  const found = fits && state !== undefined ? readState(state, table.count) : undefined;
  const present = found ?? new Uint8Array(Math.ceil(table.count / 8));
  fileCall(path, () => ftruncateSync(fd, table.sizeBytes));
  let isBroken = false;

  const bitOf = (number: number): number => 1 << (number & 7);
  const has = (number: number): boolean => (present[number >>> 3]! & bitOf(number)) !== 0;

  function find(number: number, { id, offset, size }: IndexChunk): Bytes | undefined {
    if (!has(number)) return undefined;
    const bytes = fileCall(path, () => readFully(fd, offset, size));
    if (bytes && digest.keyOf(bytes) === keyOf(id)) return bytes;
    present[number >>> 3]! &= ~bitOf(number);
    return undefined;
  }

  function keep(number: number, { offset }: IndexChunk, bytes: Bytes): void {
    if (isBroken || has(number)) return;
    try {
      // A file that is new here reads as zeros where nothing was written.
      for (let at = isNew && isZero(bytes) ? bytes.length : 0; at < bytes.length;)
        at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
      present[number >>> 3]! |= bitOf(number);
    } catch (thrown) {
      isBroken = true;
      onTrouble?.(ioError(thrown, path));
    }
  }

  async function get(chunk: IndexChunk): Promise<Bytes> {
    return find(table.find(chunk.offset), chunk) ?? fetch(chunk);
  }

  async function fetchAndKeep(number: number): Promise<void> {
    const chunk = table.at(number);
    keep(number, chunk, await get(chunk));
  }

  return {
    fetch: get,
    keep,
    async fill() {
      if (found !== undefined || initialState === undefined) return;
      const wanted = readState(initialState, table.count);
      if (wanted === undefined)
        throw new SyncError("BAD_MESSAGE", "the state is not one of this index", {
          detail: { path: initialState },
        });
      const numbers = (async function* () {
        for (let i = 0; i < table.count; i++) if ((wanted[i >>> 3]! & (1 << (i & 7))) !== 0) yield i;
      })();
      await inAnyOrder(numbers, { count: jobCount }, fetchAndKeep);
    },
    saveState() {
      if (state === undefined) return;
      fileCall(state, () => {
        const fd = openSync(state, "w");
        try {
          for (let at = 0; at < present.length;) at += writeSync(fd, present, at);
        } finally {
          closeSync(fd);
        }
      });
    },
    close: () => closeSync(fd),
  };
}

/** A state of so many chunks; undefined for one of another number, and where there is none. */
function readState(path: string, count: number): Uint8Array | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = fileCall(path, () => readFileSync(path));
  return bytes.length === Math.ceil(count / 8) ? new Uint8Array(bytes) : undefined;
}
