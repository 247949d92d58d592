import { type IndexReading, readIndex } from "../../casync/index-reader.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { checkReplaceable, replaceFile } from "../exchange/file-replacement.ts";
import { writeOutput } from "../report/result-output.ts";

/** Reads the index at a path, at a URL, or with `-` on standard input. */
export async function openIndex(place: string, options: AbortOptions): Promise<IndexReading> {
  const content = /^https?:\/\//.test(place) ? fetchBlocks(place, options) : readFileBlocks(place, options);
  try {
    const index = await readIndex(content);
    return { ...index, chunks: tellingPath(index.chunks, place) };
  } catch (thrown) {
    throw withPath(toSyncError(thrown), place);
  }
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

async function* tellingPath<Item>(items: AsyncIterable<Item>, path: string): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (thrown) {
    throw withPath(toSyncError(thrown), path);
  }
}

async function* fetchBlocks(url: string, { signal }: AbortOptions): AsyncGenerator<Bytes> {
  const response = await fetch(url, signal ? { signal } : {}).catch((cause: unknown) => {
    throw new SyncError("PEER_GONE", "the connection to the server failed", { cause });
  });
  if (response.status !== 200) {
    const code = response.status === 404 ? "NOT_FOUND" : "UPSTREAM";
    throw new SyncError(code, `the server answers ${response.status}`);
  }
  yield* response.body as AsyncIterable<Bytes>;
}

/**
 * Writes a result to a file, which is replaced when all is there, or with `-` to standard output.
 */
export async function writeResult(
  place: string,
  content: AsyncIterable<Bytes>,
  options: AbortOptions,
): Promise<void> {
  if (place === "-") return writeOutput(content, options);
  checkReplaceable(place);
  await replaceFile(place, content);
}
