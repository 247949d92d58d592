import { concatBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import { randomPermutation } from "../remotesync/permutation.ts";
import type { CutOptions, CutRun, SourceEntry, TreeSource } from "../tree/tree.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { RelayedEntry, TreeRecord } from "./record.ts";
import type { RelayChunks } from "./relay-chunks.ts";

/** Bytes and chunks in one run. */
const runBytes = 1 << 20;
const runCount = 256;
const batchCount = 1024;

/**
 * The end of a relay that speaks to one downstream. It tells entries as they become known, and of the files asked for it sends those first whose
 * content is here, in an order of its own, so that several downstreams do not all wait for the same.
 *
 * A file is its entry's number. Nothing is held but what is being sent.
 */
export function relaySource(record: TreeRecord, chunks: RelayChunks): TreeSource<number> {
  const life = new AbortController();
  const within = (options: AbortOptions): AbortSignal =>
    options.signal ? AbortSignal.any([life.signal, options.signal]) : life.signal;
  return {
    entries: (options) => listEntries(record, within(options)),
    cut: (files, _, options) => new RelayCut(record, chunks, files, options, within(options)).runs(),
    read: (file, offset, size, options) => readChunk(record, chunks, file, offset, size, within(options)),
    close: async () => life.abort(new SyncError("STATE", "the source is closed")),
  };
}

async function* listEntries(
  record: TreeRecord,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceEntry<number>[]> {
  const { entries } = record;
  for (let told = 0; ;) {
    if (told < entries.length) {
      const from = told;
      told = Math.min(entries.length, from + batchCount);
      yield entries.slice(from, told).map(({ entry }, i) => ({ entry, file: from + i }));
    } else {
      if (record.end === "complete") return;
      if (record.end !== undefined) throw record.end;
      await record.news.wait(signal);
    }
  }
}

/** One round of files that were asked for. */
class RelayCut {
  readonly #record: TreeRecord;
  readonly #chunks: RelayChunks;
  readonly #room: (count: number) => Bytes;
  readonly #signal: AbortSignal;
  /** The files that are not through, and which chunk of each comes next. */
  readonly #next: Map<number, number>;

  constructor(
    record: TreeRecord,
    chunks: RelayChunks,
    files: readonly number[],
    { room = (count) => new Uint8Array(count) }: CutOptions,
    signal: AbortSignal,
  ) {
    this.#record = record;
    this.#chunks = chunks;
    this.#room = room;
    this.#signal = signal;
    const order = randomPermutation(files.length, (limit) => Math.floor(Math.random() * limit));
    this.#next = new Map(order.map((at) => [files[at]!, 0]));
  }

  async *runs(): AsyncGenerator<readonly CutRun<number>[]> {
    while (this.#next.size > 0) {
      const file = this.#findReady();
      if (file !== undefined) yield [await this.#cut(file)];
      else if (this.#record.end !== undefined && this.#record.end !== "complete") throw this.#record.end;
      else await this.#record.news.wait(this.#signal);
    }
  }

  /** A file of which more is here, or that has ended. */
  #findReady(): number | undefined {
    for (const [file, index] of this.#next) {
      const { chunks, end } = this.#record.entries[file]!;
      if (index < chunks.count ? this.#chunks.has(chunks.id(index)) : end !== undefined) return file;
    }
    return undefined;
  }

  /** What of a file is here, from where we were, up to a run's length. */
  async #cut(file: number): Promise<CutRun<number>> {
    const { chunks, end } = this.#record.entries[file]!;
    const ids: Bytes[] = [];
    const sizes: number[] = [];
    let index = this.#next.get(file)!;
    let bytes = 0;
    for (; index < chunks.count && sizes.length < runCount && bytes < runBytes; index++) {
      if (!this.#chunks.has(chunks.id(index))) break;
      ids.push(chunks.id(index));
      sizes.push(chunks.size(index));
      bytes += chunks.size(index);
    }
    const run = { file, sizes, ids: concatBytes(ids), bytes: await this.#gather(ids, bytes) };
    const isThrough = end !== undefined && index === chunks.count;
    if (!isThrough) {
      this.#next.set(file, index);
      return run;
    }
    this.#next.delete(file);
    return { ...run, end };
  }

  async #gather(ids: readonly Bytes[], count: number): Promise<Bytes> {
    const bytes = this.#room(count);
    let at = 0;
    for (const id of ids) {
      const chunk = await this.#chunks.get(id, { signal: this.#signal });
      bytes.set(chunk.bytes, at);
      at += chunk.bytes.length;
    }
    return bytes;
  }
}

async function readChunk(
  record: TreeRecord,
  chunks: RelayChunks,
  file: number,
  offset: number,
  size: number,
  signal: AbortSignal,
): Promise<Bytes> {
  const { chunks: row }: RelayedEntry = record.entries[file]!;
  const index = row.indexAt(offset);
  if (index < 0 || row.size(index) !== size) throw new SyncError("CHANGED", "no chunk lies there");
  return (await chunks.get(row.id(index), { signal })).bytes;
}
