import { createHash, type Hash } from "node:crypto";
import { wait } from "../bytes/retry.ts";
import { type SyncError, withPath } from "../errors.ts";
import type { TreeSource } from "../tree/source.ts";
import type { AbortOptions } from "../types.ts";
import type { ListedEntry } from "./list-tree.node.ts";
import type { IndexedEntry } from "./tree-index.node.ts";

/** How content is read. */
export interface ReadingOptions extends AbortOptions {
  /** Bytes that are read in a second at most. */
  readonly bytesPerSecond?: number | undefined;
  /** Called for each file that cannot be read, or is another than was listed. */
  readonly onTrouble?: (error: SyncError) => void;
}

/** Milliseconds within which a change may not show in the time of a file: FAT counts in pairs. */
const settlingMs = 2000;
const roomBytes = 1 << 20;

/** Reads the files of a tree, and tells them by their digests. */
export class ContentReader<File> {
  readonly #source: TreeSource<File>;
  readonly #digest: string;
  readonly #options: ReadingOptions;
  readonly #room = new Uint8Array(roomBytes);
  #readBytes = 0;
  /** When all that was read so far could have been, at the rate that is allowed. */
  #freeAtMs = 0;

  /** @param digest what node:crypto calls it */
  constructor(source: TreeSource<File>, digest: string, options: ReadingOptions = {}) {
    this.#source = source;
    this.#digest = digest;
    this.#options = options;
  }

  get readBytes(): number {
    return this.#readBytes;
  }

  /** Reads files one after another. Those that could not be read are not among the results. */
  async read(listed: readonly ListedEntry<File>[]): Promise<ReadonlyMap<File, IndexedEntry>> {
    const entries = new Map(listed.map((entry) => [entry.file, entry]));
    const read = new Map<File, IndexedEntry>();
    let hash: Hash | undefined;
    const visitor = {
      block: (_: File, length: number): number => {
        hash ??= createHash(this.#digest);
        hash.update(this.#room.subarray(0, length));
        this.#readBytes += length;
        return length;
      },
      end: (file: File, how: "complete" | "grown" | SyncError): boolean => {
        const { file: _, ...entry } = entries.get(file)!;
        if (typeof how !== "string") this.#options.onTrouble?.(withPath(how, entry.path));
        else {
          const digest = (hash ?? createHash(this.#digest)).digest("hex");
          read.set(file, { ...entry, digest, isUnsettled: how === "grown" || isYoung(entry) });
        }
        hash = undefined;
        return false;
      },
    };
    let before = this.#readBytes;
    for await (const _ of this.#source.scan!([...entries.keys()], this.#room, visitor, this.#options)) {
      await this.#keepPace(this.#readBytes - before);
      before = this.#readBytes;
    }
    await this.#keepPace(this.#readBytes - before);
    return read;
  }

  async #keepPace(bytes: number): Promise<void> {
    const { bytesPerSecond, signal } = this.#options;
    if (bytesPerSecond === undefined) return;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (bytes * 1000) / bytesPerSecond;
    await wait(this.#freeAtMs - nowMs, signal);
  }
}

function isYoung({ mtimeSec }: IndexedEntry): boolean {
  return Date.now() - (mtimeSec! + 1) * 1000 < settlingMs;
}
