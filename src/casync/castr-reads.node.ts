import { availableParallelism } from "node:os";
import { Pause } from "../bytes/pause.node.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import { readCastrChunk } from "./castr-chunk.node.ts";
import { type CastrForm, nameOfForm } from "./castr-form.node.ts";
import { CastrThread } from "./castr-thread.node.ts";

/** Bytes that are read before threads are started, which takes longer than to read these. */
const firstBytes = 4_194_304;
/** More threads than these wait for the one that asks. */
const maxThreadCount = 3;
/** Chunks that a thread is given at a time, so that each costs no message of its own. */
const batchCount = 8;
/** Batches that a thread has, so that it never waits for the next. */
const aheadCount = 2;

interface Wanted {
  readonly id: ChunkId;
  resolve(chunk: Chunk): void;
  reject(thrown: unknown): void;
}

interface ReadingThread {
  readonly thread: CastrThread;
  /** Batches that it has not answered for. */
  waitingCount: number;
}

/**
 * Reads the chunks of a store here and, where processors are free for it, in threads: whoever is
 * free takes the next of those that are wanted at one time.
 */
export class CastrReads {
  readonly #root: string;
  readonly #form: CastrForm;
  readonly #pause = new Pause();
  /** Undefined until much was read. */
  #threads: readonly ReadingThread[] | undefined;
  readonly #wanted: Wanted[] = [];
  #readBytes = 0;
  /** True while `#takeTurn` is going to be called. */
  #hasTurn = false;

  constructor(root: string, form: CastrForm) {
    this.#root = root;
    this.#form = form;
  }

  /** @throws NOT_FOUND, CORRUPT, IO */
  async get(id: ChunkId): Promise<Chunk> {
    if (this.#readBytes < firstBytes) {
      if (this.#pause.due()) await this.#pause.take();
      const chunk = readCastrChunk(this.#root, id, this.#form);
      this.#readBytes += chunk.bytes.length;
      return chunk;
    }
    this.#threads ??= this.#startThreads();
    return new Promise((resolve, reject) => {
      this.#wanted.push({ id, resolve, reject });
      this.#askForTurn();
    });
  }

  async close(): Promise<void> {
    await Promise.all((this.#threads ?? []).map(({ thread }) => thread.close()));
  }

  #startThreads(): readonly ReadingThread[] {
    const form = nameOfForm(this.#form);
    const count = form ? Math.min(availableParallelism() - 1, maxThreadCount) : 0;
    const started = Array.from({ length: count }, () => CastrThread.start({ root: this.#root, form: form! }));
    return started.flatMap((thread) => (thread ? [{ thread, waitingCount: 0 }] : []));
  }

  /** The threads get as much as they take, one chunk is read here; then all else has its turn. */
  #takeTurn(): void {
    this.#hasTurn = false;
    // A chunk alone is here at once.
    if (this.#wanted.length > 1) this.#threads?.forEach((reading) => this.#fill(reading));
    const own = this.#wanted.shift();
    if (own) this.#readHere(own);
    if (this.#wanted.length > 0) this.#askForTurn();
  }

  #askForTurn(): void {
    if (this.#hasTurn) return;
    this.#hasTurn = true;
    setImmediate(() => this.#takeTurn());
  }

  #fill(reading: ReadingThread): void {
    while (reading.waitingCount < aheadCount && this.#wanted.length > 0) {
      reading.waitingCount++;
      void this.#readThere(reading, this.#wanted.splice(0, batchCount));
    }
  }

  async #readThere(reading: ReadingThread, batch: readonly Wanted[]): Promise<void> {
    try {
      const results = await reading.thread.read(batch.map(({ id }) => id));
      batch.forEach(({ resolve, reject }, i) => {
        const result = results[i]!;
        if (result instanceof SyncError) reject(result);
        else resolve(result);
      });
    } catch (thrown) {
      batch.forEach(({ reject }) => reject(thrown));
    }
    reading.waitingCount--;
    this.#fill(reading);
  }

  #readHere({ id, resolve, reject }: Wanted): void {
    try {
      resolve(readCastrChunk(this.#root, id, this.#form));
    } catch (thrown) {
      reject(thrown);
    }
  }
}
