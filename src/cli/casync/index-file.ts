import { closingInTheEnd } from "../../bytes/closing.ts";
import { tellingFailures } from "../../bytes/telling-failures.ts";
import { checkTotal, limitedIndex } from "../../casync/limited-index.ts";
import { type IndexReading, readIndex } from "../../casync/index-reader.ts";
import { openIndexStore, splitIndexPlace, type StoredIndex } from "../../casync/open-index-store.node.ts";
import type { OpenStoreOptions } from "../../casync/open-store.node.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { checkReplaceable, replaceFile } from "../exchange/file-replacement.ts";
import { writeOutput } from "../report/result-output.ts";
import { totalOfIndex } from "./index-total.ts";

/** How to get at an index that is behind a URL. */
export interface IndexFileOptions extends AbortOptions {
  /** How its store is opened, by the place of that. */
  readonly opening?: (store: string) => OpenStoreOptions;
  /** Bytes of the content that an index may be of; any number unless given. */
  readonly maxTotalBytes?: number;
}

/**
 * Reads the index at a path, at a URL, or with `-` on standard input.
 *
 * @throws LIMIT when it is of too much, at once or from `chunks`, and what its place throws
 */
export async function openIndex(place: string, options: IndexFileOptions): Promise<IndexReading> {
  const tell = (thrown: unknown): SyncError => withPath(toSyncError(thrown), place);
  try {
    const { maxTotalBytes } = options;
    if (maxTotalBytes !== undefined) checkTotal(totalOfIndex(place) ?? 0, maxTotalBytes);
    const whole = await readIndex(await openIndexBytes(place, options));
    const index = maxTotalBytes === undefined ? whole : limitedIndex(whole, maxTotalBytes);
    return { ...index, chunks: tellingFailures(index.chunks, tell) };
  } catch (thrown) {
    throw tell(thrown);
  }
}

/** The bytes of the index at a path, at a URL, or with `-` on standard input. */
export async function openIndexBytes(
  place: string,
  options: IndexFileOptions,
): Promise<AsyncIterable<Bytes>> {
  const stored = splitIndexPlace(place);
  return stored ? readStored(stored, options) : readFileBlocks(place, options);
}

/**
 * The ids of the chunks of an index in hex, some lines at a time. The index is closed behind them.
 */
export async function* idLines(index: IndexReading): AsyncGenerator<string> {
  try {
    for await (const chunks of index.chunks) {
      // Buffer takes a third of the time of portable code.
      const lines = chunks.map(({ id }) => Buffer.from(id.buffer, id.byteOffset, id.length).toString("hex"));
      yield lines.join("\n");
    }
  } finally {
    await index.close();
  }
}

async function readStored(
  { store, name }: StoredIndex,
  { opening, ...options }: IndexFileOptions,
): Promise<AsyncIterable<Bytes>> {
  const indexes = openIndexStore(store, opening?.(store));
  try {
    // What comes from a server is all here when it is returned.
    const content = await indexes.read(name, options);
    if (content) return content;
    throw new SyncError("NOT_FOUND", "there is no such index");
  } finally {
    await indexes.close();
  }
}

async function writeStored(
  { store, name }: StoredIndex,
  content: AsyncIterable<Bytes>,
  { opening, ...options }: IndexFileOptions,
): Promise<void> {
  const indexes = openIndexStore(store, opening?.(store));
  await closingInTheEnd(
    () => indexes.write(name, content, options),
    () => indexes.close(),
  );
}

/**
 * Writes a result to a file, which is replaced when all is there, to a URL, or with `-` to standard
 * output.
 */
export async function writeResult(
  place: string,
  content: AsyncIterable<Bytes>,
  options: IndexFileOptions,
): Promise<void> {
  if (place === "-") return writeOutput(content, options);
  const stored = splitIndexPlace(place);
  if (stored) return writeStored(stored, content, options);
  checkReplaceable(place);
  await replaceFile(place, content);
}
