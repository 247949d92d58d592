import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { isPipe } from "../../bytes/pipe-descriptor.node.ts";
import type { SyncError } from "../../errors.ts";
import { outputTrouble } from "../../transfer/output-trouble.node.ts";

/**
 * Standard output or standard error, for text. What could not be written is known afterwards:
 * Node's console tells nobody, and its streams drop the rest of a text that fits a full disk in
 * part.
 */
export class TextOutput {
  readonly descriptor: 1 | 2;
  readonly #onFailure: (failure: SyncError) => void;
  readonly #stream: NodeJS.WriteStream | undefined;
  #failure: SyncError | undefined;

  /** @param onFailure called when something could not be written, the first time */
  constructor(descriptor: 1 | 2, onFailure: (failure: SyncError) => void = () => {}) {
    this.descriptor = descriptor;
    this.#onFailure = onFailure;
    if (isFile(descriptor)) return;
    this.#stream = descriptor === 1 ? process.stdout : process.stderr;
    this.#stream.on("error", (thrown) => this.#fail(thrown));
  }

  /** The first text that could not be written: why. */
  get failure(): SyncError | undefined {
    return this.#failure;
  }

  /** Writes text, soon. Tries again after a failure: a full disk may have room by then. */
  write(text: string): void {
    if (this.#stream) return void this.#stream.write(text);
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.descriptor, bytes, at);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Resolves when all that was written has gone out, or failed. */
  async settle(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#stream) this.#stream.write("", () => resolve());
      else resolve();
    });
  }

  #fail(thrown: unknown): void {
    if (this.#failure) return;
    this.#failure = outputTrouble(this.descriptor, thrown);
    this.#onFailure(this.#failure);
  }
}

/** Writes a text and resolves with what went wrong, if anything did. */
export async function writeText(descriptor: 1 | 2, text: string): Promise<SyncError | undefined> {
  const output = new TextOutput(descriptor);
  output.write(text);
  await output.settle();
  return output.failure;
}

/**
 * True for what takes all at once or fails: neither a terminal, nor a pipe or socket whose reader
 * may be slow.
 */
function isFile(descriptor: number): boolean {
  return !isatty(descriptor) && !isPipe(descriptor);
}
