import { lstatSync } from "node:fs";
import { toHex } from "../bytes/hex.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError, isSyncError } from "../errors.ts";
import { maxStoredChunkBytes, readChunkFile } from "../store/chunk-file.node.ts";
import { notFound } from "../store/key.ts";
import { type ChunkCoding, plainCoding } from "./chunk-coding.ts";
import type { CastrForm } from "./castr-form.node.ts";
import { chunkPath } from "./chunk-name.ts";

/**
 * Reads and verifies a chunk of a store, in the form of the store or as it is.
 *
 * @throws NOT_FOUND, CORRUPT, IO
 */
export function readCastrChunk(root: string, id: ChunkId, { coding, digest }: CastrForm): Chunk {
  try {
    return readIn(coding, root, id, digest);
  } catch (thrown) {
    if (coding.suffix === "" || !isSyncError(thrown, "NOT_FOUND")) throw thrown;
    return readIn(plainCoding, root, id, digest);
  }
}

function readIn(coding: ChunkCoding, root: string, id: ChunkId, digest: ChunkDigest): Chunk {
  const path = `${root}/${chunkPath(id, coding.suffix)}`;
  try {
    return verifyChunk(id, coding.decode(readChunkFile(path), maxStoredChunkBytes), digest);
  } catch (thrown) {
    if (isSyncError(thrown, "NOT_FOUND") || isLink(path)) throw notFound(id);
    const isDamage = isSyncError(thrown, "CORRUPT") || isSyncError(thrown, "UNEXPECTED_CHUNK");
    if (!isDamage) throw thrown;
    throw new SyncError("CORRUPT", `chunk ${toHex(id)} in the store is damaged: ${thrown.message}`, {
      cause: thrown,
      detail: { path },
    });
  }
}

/** casync marks a chunk that it knows to be missing by a symlink. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    // A directory that cannot be passed through: what reading said is told.
    return false;
  }
}
