import { existsSync } from "node:fs";
import { type Transferable, Worker } from "node:worker_threads";
import { SyncError } from "../errors.ts";

/** A question to the program of a thread, which answers with the same number. */
export interface Asked<Task> {
  readonly number: number;
  readonly task: Task;
}

/** What came of it. */
export interface Answered<Result> {
  readonly number: number;
  readonly result: Result;
}

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: SyncError): void;
}

/**
 * A thread that answers questions. It keeps the process alive only while there is something to
 * answer.
 */
export class AskedThread<Task, Result> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<Result>>();
  #count = 0;

  private constructor(program: URL, data: unknown) {
    this.#worker = new Worker(program, { workerData: data });
    this.#worker.unref();
    this.#worker.on("message", (answer: Answered<Result>) => this.#take(answer));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  /**
   * Undefined where the program of the thread is missing.
   *
   * @param name that of its file, beside what this becomes a part of
   * @param data what the program finds as its `workerData`
   */
  static start<Task, Result>(name: string, data: unknown): AskedThread<Task, Result> | undefined {
    const places = ["./", "../", "../../dist/"].map(
      (place) => new URL(`${place}${name}.js`, import.meta.url),
    );
    const program = places.find((url) => existsSync(url));
    return program && new AskedThread(program, data);
  }

  /**
   * @param handedOver memory that is the thread's from now on
   * @throws INTERNAL when the thread ended
   */
  ask(task: Task, handedOver: readonly Transferable[] = []): Promise<Result> {
    const number = this.#count++;
    if (this.#waiting.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ number, task } satisfies Asked<Task>, handedOver);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take({ number, result }: Answered<Result>): void {
    const waiting = this.#waiting.get(number)!;
    this.#waiting.delete(number);
    if (this.#waiting.size === 0) this.#worker.unref();
    waiting.resolve(result);
  }

  #fail(cause: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(new SyncError("INTERNAL", "a thread ended that works on chunks", { cause }));
    this.#waiting.clear();
  }
}
