import { toHex } from "../bytes/hex.ts";
import { writeChunkFile } from "../store/chunk-file.node.ts";
import { makeDirs } from "../bytes/make-dirs.node.ts";

/** How files begin that desync and this store are writing. */
export const temporaryPrefix = ".tmp-cacnk";

/** Writes chunks into the directories of a store; each has its name when it is complete. */
export class CastrFiles {
  readonly #root: string;
  readonly #nonce = toHex(crypto.getRandomValues(new Uint8Array(8)));
  /** Directories that were there when something was written to them. */
  readonly #shards = new Set<string>();
  #count = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * @param path in the store, `abcd/name`
   * @throws PATH, NO_SPACE, IO
   */
  async write(path: string, stored: Uint8Array): Promise<void> {
    const shard = `${this.#root}/${path.slice(0, path.indexOf("/"))}`;
    if (!this.#shards.has(shard)) {
      makeDirs(shard);
      this.#shards.add(shard);
    }
    const temporary = `${shard}/${temporaryPrefix}${this.#nonce}${this.#count++}`;
    await writeChunkFile(`${this.#root}/${path}`, temporary, stored, false);
  }
}
