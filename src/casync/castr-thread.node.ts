import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { SyncError, type SyncErrorCode, type SyncErrorDetail } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { FormName } from "./castr-form.node.ts";

/** What a thread works on. */
export interface CastrThreadData {
  readonly root: string;
  readonly form: FormName;
}

/** Chunks that a thread is to read, or one that it is to write. */
export interface CastrTask {
  readonly number: number;
  readonly read?: readonly ChunkId[];
  /** What to compress, and where to write it in the store, `abcd/name`. */
  readonly write?: { readonly path: string; readonly bytes: Bytes };
}

/** What became of it, for each chunk. */
export interface CastrAnswer {
  readonly number: number;
  readonly results: readonly CastrResult[];
}

/** What became of one chunk. */
export interface CastrResult {
  /** What was read, and has been verified. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly trouble?: {
    readonly code: SyncErrorCode;
    readonly message: string;
    readonly detail: SyncErrorDetail;
  };
}

interface Waiting {
  resolve(results: readonly CastrResult[]): void;
  reject(error: SyncError): void;
}

/** Where the program of the thread may be, from what this becomes a part of. */
const places = ["./", "../", "../../dist/"].map((place) => `${place}castr-worker.js`);

/**
 * Reads and writes the chunks of one store in a thread of its own. It keeps the process alive only
 * while there is something to do.
 */
export class CastrThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  private constructor(program: URL, data: CastrThreadData) {
    this.#worker = new Worker(program, { workerData: data });
    this.#worker.unref();
    this.#worker.on("message", (answer: CastrAnswer) => this.#take(answer));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  /** Undefined where the program of the thread is missing. */
  static start(data: CastrThreadData): CastrThread | undefined {
    const program = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
    return program && new CastrThread(program, data);
  }

  /** @throws NO_SPACE, IO; INTERNAL when the thread ended */
  async write(path: string, { bytes }: Chunk): Promise<void> {
    // A part of a block would take all of that with it.
    const own = bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    const [result] = await this.#ask({ write: { path, bytes: own } });
    if (result?.trouble) throw errorOf(result.trouble);
  }

  /**
   * Reads chunks; each is verified, or else there is an error of NOT_FOUND, CORRUPT or IO.
   *
   * @throws INTERNAL when the thread ended
   */
  async read(ids: readonly ChunkId[]): Promise<readonly (Chunk | SyncError)[]> {
    const results = await this.#ask({ read: ids });
    return results.map(({ bytes, trouble }, i) =>
      trouble ? errorOf(trouble) : ({ id: ids[i]!, bytes } as Chunk),
    );
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(task: Omit<CastrTask, "number">): Promise<readonly CastrResult[]> {
    const number = this.#count++;
    if (this.#waiting.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ ...task, number } satisfies CastrTask);
    });
  }

  #take({ number, results }: CastrAnswer): void {
    const waiting = this.#waiting.get(number)!;
    this.#waiting.delete(number);
    if (this.#waiting.size === 0) this.#worker.unref();
    waiting.resolve(results);
  }

  #fail(cause: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(new SyncError("INTERNAL", "a thread of the store of chunks ended", { cause }));
    this.#waiting.clear();
  }
}

function errorOf({ code, message, detail }: NonNullable<CastrResult["trouble"]>): SyncError {
  return new SyncError(code, message, { detail });
}
