import { abortable } from "../bytes/abort.ts";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import { randomPermutation } from "../remotesync/permutation.ts";
import { Bell } from "../session/bell.ts";
import type { CutOptions, CutRun, SourceEntry, SourceOptions, TreeSource } from "../tree/source.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { RelayedEntry, TreeRecord } from "./record.ts";
import type { RelayChunks } from "./relay-chunks.ts";
import { checkComing, takeChunk } from "./take-chunk.ts";

/** Bytes and chunks in one run, and bytes in several that go out together. */
const runBytes = 1 << 20;
const runCount = 256;
const batchCount = 1024;

/**
 * The end of a relay that speaks to one downstream. It tells entries as they become known, and of
 * the files asked for it sends those first whose content is here, in an order of its own, so that
 * several downstreams do not all wait for the same.
 *
 * A file is its entry's number. Nothing is held but what is being sent.
 */
export function relaySource(record: TreeRecord, chunks: RelayChunks): TreeSource<number> {
  const life = new AbortController();
  const within = (options: AbortOptions): AbortSignal =>
    options.signal ? AbortSignal.any([life.signal, options.signal]) : life.signal;
  return {
    entries: (options) => listEntries(record, within(options), options.onTrouble),
    cut: (files, _, options) => new RelayCut(record, chunks, files, options, within(options)).runs(),
    read: (file, offset, size, options) => readChunk(record, chunks, file, offset, size, within(options)),
    close: async () => life.abort(new SyncError("STATE", "the source is closed")),
  };
}

async function* listEntries(
  record: TreeRecord,
  signal: AbortSignal,
  onTrouble: SourceOptions["onTrouble"],
): AsyncGenerator<readonly SourceEntry<number>[]> {
  const { entries } = record;
  for (let told = 0; ;) {
    if (told < entries.length) {
      const from = told;
      told = Math.min(entries.length, from + batchCount);
      yield entries.slice(from, told).map(({ entry }, i) => ({ entry, file: from + i }));
    } else {
      if (record.end === "complete") break;
      if (record.end !== undefined) throw record.end;
      await record.signals.wait("tree", signal);
    }
  }
  const unlisted = [...record.unlisted.values()];
  for (const error of unlisted) onTrouble?.(error);
  if (!record.isWhole && unlisted.every(({ code }) => code === "UNSUPPORTED"))
    onTrouble?.(new SyncError("PARTIAL", "the upstream could not list or read all it has"));
}

/** One round of files that were asked for. */
class RelayCut {
  readonly #record: TreeRecord;
  readonly #chunks: RelayChunks;
  readonly #room: (count: number) => Bytes;
  readonly #signal: AbortSignal;
  /** The files that are not through, and which chunk of each comes next. */
  readonly #next: Map<number, number>;
  /** Those of which more may be here; of the others, what calls off to be woken when it is. */
  readonly #queue: number[];
  readonly #waiting = new Map<number, () => void>();
  readonly #bell = new Bell();

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
    this.#queue = order.map((at) => files[at]!);
    this.#next = new Map(this.#queue.map((file) => [file, 0]));
  }

  async *runs(): AsyncGenerator<readonly CutRun<number>[]> {
    const callOff = this.#record.signals.listen("end", () => this.#bell.ring());
    try {
      while (this.#next.size > 0) {
        const runs = await this.#cutReady();
        if (runs.length > 0) yield runs;
        else await this.#rest();
      }
    } finally {
      callOff();
      for (const callOff of this.#waiting.values()) callOff();
    }
  }

  /** What is here of the files, as much as goes out at once. */
  async #cutReady(): Promise<CutRun<number>[]> {
    const runs: CutRun<number>[] = [];
    let bytes = 0;
    while (this.#queue.length > 0 && bytes < runBytes) {
      const file = this.#queue.shift()!;
      if (!this.#isReady(file)) {
        this.#waitFor(file);
        continue;
      }
      const run = await this.#cut(file);
      runs.push(run);
      bytes += run.bytes.length;
    }
    return runs;
  }

  /** Until more of some file is here. @throws why no more comes */
  async #rest(): Promise<void> {
    const { end } = this.#record;
    if (end !== undefined && end !== "complete") throw end;
    if (end === "complete") this.#checkComing();
    await abortable(this.#bell.wait(), this.#signal);
  }

  /** @throws CHUNK_MISSING when a file waits for what nobody brings */
  #checkComing(): void {
    for (const file of this.#waiting.keys()) {
      const { chunks } = this.#record.entries[file]!;
      const index = this.#next.get(file)!;
      if (index < chunks.count) checkComing(this.#record, this.#chunks, chunks.id(index));
    }
  }

  /** True when more of a file is here, or it has ended. */
  #isReady(file: number): boolean {
    const { chunks, end } = this.#record.entries[file]!;
    const index = this.#next.get(file)!;
    return index < chunks.count ? this.#chunks.has(chunks.id(index)) : end !== undefined;
  }

  /** Puts a file back into the queue when its next chunk has come, or more of its list. */
  #waitFor(file: number): void {
    const { chunks } = this.#record.entries[file]!;
    const index = this.#next.get(file)!;
    const wake = (): void => {
      this.#waiting.delete(file);
      this.#queue.push(file);
      this.#bell.ring();
    };
    this.#waiting.set(
      file,
      index < chunks.count
        ? this.#chunks.listen(chunks.id(index), wake)
        : this.#record.signals.listen(file, wake),
    );
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
    if (isThrough) {
      this.#next.delete(file);
      return { ...run, end };
    }
    this.#next.set(file, index);
    this.#queue.unshift(file);
    return run;
  }

  async #gather(ids: readonly Bytes[], count: number): Promise<Bytes> {
    const bytes = this.#room(count);
    let at = 0;
    for (const id of ids) {
      const chunk = await takeChunk(this.#record, this.#chunks, id, { signal: this.#signal });
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
  return (await takeChunk(record, chunks, row.id(index), { signal })).bytes;
}
