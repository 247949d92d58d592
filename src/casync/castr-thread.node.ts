import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { SyncError, type SyncErrorCode, type SyncErrorDetail } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** A chunk that a thread is to compress and to write. */
export interface CastrTask {
  readonly number: number;
  /** In the store, `abcd/name`. */
  readonly path: string;
  readonly bytes: Bytes;
}

/** What became of it. */
export interface CastrAnswer {
  readonly number: number;
  readonly trouble?: {
    readonly code: SyncErrorCode;
    readonly message: string;
    readonly detail: SyncErrorDetail;
  };
}

interface Waiting {
  resolve(): void;
  reject(error: SyncError): void;
}

/** Where the program of the thread may be, from what this becomes a part of. */
const places = ["./", "../", "../../dist/"].map((place) => `${place}castr-worker.js`);

/**
 * Compresses and writes the chunks of one store in a thread of its own. It keeps the process alive
 * only while there is something to do.
 */
export class CastrThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  private constructor(program: URL, root: string) {
    this.#worker = new Worker(program, { workerData: root });
    this.#worker.unref();
    this.#worker.on("message", (answer: CastrAnswer) => this.#take(answer));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  /** Undefined where the program of the thread is missing. */
  static start(root: string): CastrThread | undefined {
    const program = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
    return program && new CastrThread(program, root);
  }

  /** @throws NO_SPACE, IO; INTERNAL when the thread ended */
  write(path: string, bytes: Bytes): Promise<void> {
    const number = this.#count++;
    if (this.#waiting.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ number, path, bytes } satisfies CastrTask);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take({ number, trouble }: CastrAnswer): void {
    const waiting = this.#waiting.get(number)!;
    this.#waiting.delete(number);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (trouble) waiting.reject(new SyncError(trouble.code, trouble.message, { detail: trouble.detail }));
    else waiting.resolve();
  }

  #fail(cause: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(new SyncError("INTERNAL", "the thread that writes chunks ended", { cause }));
    this.#waiting.clear();
  }
}
