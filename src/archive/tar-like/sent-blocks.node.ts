import fs from "node:fs";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { SyncError } from "../../errors.ts";
import { ioError } from "../../store/io-error.node.ts";

/** What blocks are of, and where they go: they are of no use for anything else. */
export interface BlockJob {
  /** SHA-256 of the table. */
  readonly table: string;
  readonly url: string;
  readonly blockBytes: number;
}

const format = "rsync-stream tar-like blocks";

/**
 * The blocks that were acknowledged, in a file where one is named: a line each, behind one that
 * says of what they are. A minus is in front of one that has to be sent again after all.
 */
export class SentBlocks {
  readonly #numbers = new Set<number>();
  readonly #fd: number | undefined;

  /** @throws STATE for a file that is not of this, IO */
  constructor(path: string | undefined, job: BlockJob) {
    if (path === undefined) return;
    const head = JSON.stringify({ format, version: 1, ...job });
    try {
      const text = fs.existsSync(pathOf(path)) ? fs.readFileSync(pathOf(path), "utf8") : "";
      // What stands behind the last line feed was not written to its end.
      const [first, ...lines] = text
        .slice(0, text.lastIndexOf("\n") + 1)
        .split("\n")
        .slice(0, -1);
      if (first !== undefined && first !== head)
        throw new SyncError("STATE", "this file is not of these blocks; remove it or name another one", {
          detail: { path },
        });
      for (const line of lines)
        if (line.startsWith("-")) this.#numbers.delete(Number(line.slice(1)));
        else this.#numbers.add(Number(line));
      this.#fd = fs.openSync(pathOf(path), "a");
      fs.ftruncateSync(this.#fd, text.lastIndexOf("\n") + 1);
      if (first === undefined) fs.writeSync(this.#fd, `${head}\n`);
    } catch (thrown) {
      throw ioError(thrown, path);
    }
  }

  has(number: number): boolean {
    return this.#numbers.has(number);
  }

  add(number: number): void {
    if (this.#fd !== undefined) fs.writeSync(this.#fd, `${number}\n`);
  }

  /** Has blocks be sent again that were acknowledged: the first of them, and the last. */
  forget(first: number, last: number): void {
    if (this.#fd === undefined) return;
    for (let number = first; number <= last; number++) fs.writeSync(this.#fd, `-${number}\n`);
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
  }
}
