import { type ChunkAnswers, chunkAnswers } from "../../casync/chunk-answers.node.ts";
import { indexAnswers } from "../../casync/index-answers.node.ts";
import { openIndexStore } from "../../casync/open-index-store.node.ts";
import { nodeCoding } from "../../casync/compressor.node.ts";
import {
  openChunkReader,
  openChunkWriter,
  openKeptChunks,
  type OpenStoreOptions,
} from "../../casync/open-store.node.ts";
import type { StoreMirror } from "../../http/store-mirror.ts";
import { receiveChunks } from "../../mirror/receive-chunks.ts";
import { sendChunks } from "../../mirror/send-chunks.ts";
import type { ChunkWriter } from "../../store/store.ts";
import { keptIds } from "../casync/mirrored-store.ts";
import { storeAccess } from "../casync/store-access.ts";
import type { Report } from "../report/report.ts";

/** Chunks or indexes that a server offers beside its tree. */
export interface ServedChunks extends ChunkAnswers {
  readonly isWritable: boolean;
  /** What brings the store up to date with another one, of chunks. */
  readonly mirror?: StoreMirror;
  close(): Promise<void>;
}

/**
 * Opens a store of indexes to be served.
 *
 * @param isWritable true to take indexes, too
 * @throws USAGE, NOT_FOUND
 */
export function serveIndexes(
  place: string,
  isWritable: boolean,
  report: Pick<Report, "notice">,
): ServedChunks {
  const indexes = openIndexStore(place, { ...storeAccess(report), create: isWritable });
  return { ...indexAnswers(indexes, { isWritable }), isWritable, close: () => indexes.close() };
}

/**
 * Opens stores of chunks to be served.
 *
 * @param isWritable true to take chunks, too, into the first, which has to be the only one
 * @throws USAGE, NOT_FOUND
 */
export function serveChunks(
  places: readonly string[],
  isWritable: boolean,
  report: Pick<Report, "notice">,
): ServedChunks {
  const access = storeAccess(report);
  const writer = isWritable ? openChunkWriter(places[0]!, { ...access, create: true }) : undefined;
  const reader = writer ?? openChunkReader(places, access);
  const mirror = mirrorOf(places, writer, access);
  return { ...chunkAnswers(reader, writer && { writer }), isWritable, mirror, close: () => reader.close() };
}

/** Several stores cannot be listed as one. */
function mirrorOf(
  places: readonly string[],
  writer: ChunkWriter | undefined,
  access: OpenStoreOptions,
): StoreMirror {
  const [place, ...more] = places;
  const coding = nodeCoding;
  return {
    ...(more.length === 0 && {
      async pull(duplex, options) {
        await using store = openKeptChunks(place!, access);
        return await sendChunks(store, keptIds(store.kept(options)), duplex, { ...options, coding });
      },
    }),
    ...(writer && {
      push: (duplex, options) =>
        receiveChunks(writer, duplex, { ...options, maxBytes: options.maxTotalBytes, coding }),
    }),
  };
}
