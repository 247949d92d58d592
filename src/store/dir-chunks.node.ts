import { lstatSync, renameSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../bytes/errno.node.ts";
import { fromHex } from "../bytes/hex.ts";
import type { Chunk, ChunkId, ChunkInfo } from "../chunk/chunk.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError, isSyncError } from "../errors.ts";
import { readChunkFile, renameMakingDirectory } from "./chunk-file.node.ts";
import type { DirLayout } from "./dir-layout.node.ts";
import { fileCall, ioError } from "./io-error.node.ts";
import { nameOf, notFound } from "./key.ts";

/**
 * Bytes of a chunk file, or undefined when there is none; anything but a plain file counts as none.
 */
export function sizeOfFile(path: string): number | undefined {
  const stat = fileCall(path, () => lstatSync(path, { throwIfNoEntry: false }));
  return stat?.isFile() ? stat.size : undefined;
}

/**
 * Reads a chunk and verifies it. A damaged one is moved aside if the medium lets us.
 *
 * @throws NOT_FOUND, CORRUPT, IO
 */
export function loadChunk(layout: DirLayout, id: ChunkId): Chunk {
  try {
    return readChunk(layout, id);
  } catch (error) {
    if (isSyncError(error, "CORRUPT")) tryToMoveAside(layout, id);
    throw error;
  }
}

/** Reads a chunk to see whether it is what its name says. */
export function checkChunk(layout: DirLayout, id: ChunkId): "sound" | "damaged" | "gone" {
  try {
    readChunk(layout, id);
    return "sound";
  } catch (error) {
    if (isSyncError(error, "CORRUPT")) return "damaged";
    if (isSyncError(error, "NOT_FOUND")) return "gone";
    throw error;
  }
}

/**
 * Moves a damaged chunk out of the way. Another process may have put a sound one in its place since
 * it was read: that one is moved back.
 *
 * @throws IO, NO_SPACE
 */
export function moveAside(layout: DirLayout, id: ChunkId): void {
  const name = nameOf(id);
  const path = layout.chunkPath(name);
  const aside = join(layout.damaged, name);
  try {
    renameSync(path, aside);
    if (isSound(aside, id)) renameMakingDirectory(aside, path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw ioError(error, path);
  }
}

/** All chunks by the names of their files; memory does not grow with their number. */
export async function* listChunks(layout: DirLayout): AsyncGenerator<ChunkInfo> {
  for await (const shard of namesIn(layout.chunks)) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue;
    for await (const name of namesIn(join(layout.chunks, shard))) {
      if (!/^[0-9a-f]{64}$/.test(name) || !name.startsWith(shard)) continue;
      const size = sizeOfFile(layout.chunkPath(name));
      if (size !== undefined) yield { id: fromHex(name), size };
    }
  }
}

function readChunk(layout: DirLayout, id: ChunkId): Chunk {
  const name = nameOf(id);
  const path = layout.chunkPath(name);
  try {
    return verifyChunk(id, readChunkFile(path));
  } catch (error) {
    if (isSyncError(error, "NOT_FOUND")) throw notFound(id);
    if (!isSyncError(error, "UNEXPECTED_CHUNK")) throw error;
    throw new SyncError("CORRUPT", "stored chunk does not match its id", { cause: error, detail: { path } });
  }
}

function tryToMoveAside(layout: DirLayout, id: ChunkId): void {
  try {
    moveAside(layout, id);
  } catch {
    // A store that cannot be written to: the damage itself is the news.
  }
}

function isSound(path: string, id: ChunkId): boolean {
  try {
    verifyChunk(id, readChunkFile(path));
    return true;
  } catch {
    return false;
  }
}

async function* namesIn(path: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(path)) yield name;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && errno !== "ENOTDIR") throw ioError(error, path);
  }
}
