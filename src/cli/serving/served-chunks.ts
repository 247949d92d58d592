import { type ChunkAnswers, chunkAnswers } from "../../casync/chunk-answers.node.ts";
import { indexAnswers } from "../../casync/index-answers.node.ts";
import { openIndexStore } from "../../casync/open-index-store.node.ts";
import { openChunkReader, openChunkWriter } from "../../casync/open-store.node.ts";
import { s3Settings } from "../casync/s3-settings.ts";

/** Chunks or indexes that a server offers beside its tree. */
export interface ServedChunks extends ChunkAnswers {
  readonly isWritable: boolean;
  close(): Promise<void>;
}

/**
 * Opens a store of indexes to be served.
 *
 * @param isWritable true to take indexes, too
 * @throws USAGE
 */
export function serveIndexes(place: string, isWritable: boolean): ServedChunks {
  const indexes = openIndexStore(place, { s3: s3Settings() });
  return { ...indexAnswers(indexes, { isWritable }), isWritable, close: () => indexes.close() };
}

/**
 * Opens stores of chunks to be served.
 *
 * @param isWritable true to take chunks, too, into the first, which has to be the only one
 * @throws USAGE, NOT_FOUND
 */
export function serveChunks(places: readonly string[], isWritable: boolean): ServedChunks {
  const options = { s3: s3Settings() };
  const writer = isWritable ? openChunkWriter(places[0]!, { ...options, create: true }) : undefined;
  const reader = writer ?? openChunkReader(places, options);
  return { ...chunkAnswers(reader, writer && { writer }), isWritable, close: () => reader.close() };
}
