import { override } from "../bytes/override.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { TreeSource } from "../tree/source.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { Figures } from "./messages.ts";

/** What is counted here; the session knows the rest. */
type Measured = Omit<Figures, "reusedBytes" | "isListed" | "name">;

/** Counts what passes a tree, for a progress bar. */
export class Meter {
  #totalBytes = 0;
  #fileCount = 0;
  #doneBytes = 0;
  #newBytes = 0;

  get figures(): Measured {
    return {
      totalBytes: this.#totalBytes,
      fileCount: this.#fileCount,
      doneBytes: Math.min(this.#doneBytes, this.#totalBytes),
      newBytes: this.#newBytes,
    };
  }

  /** Books a file, and returns how many bytes were booked before it. */
  list({ kind, size }: Entry): number {
    const before = this.#totalBytes;
    this.#totalBytes += size;
    if (kind === "file") this.#fileCount += 1;
    return before;
  }

  /** Books bytes that need nothing more. */
  add(bytes: number): void {
    this.#doneBytes += bytes;
  }

  /** All before this point needs nothing more. */
  reach(bytes: number): void {
    this.#doneBytes = Math.max(this.#doneBytes, bytes);
  }

  /** Books bytes that travel. */
  travel(bytes: number): void {
    this.#newBytes += bytes;
  }

  /** An attempt begins: the tree is listed anew, what travelled did so. */
  restart(): void {
    this.#totalBytes = 0;
    this.#fileCount = 0;
    this.#doneBytes = 0;
  }
}

/**
 * A source that is metered: files are cut in the order in which they are listed, so those passed
 * over are at the receiver.
 */
export function meteredSource<File extends object>(source: TreeSource<File>, meter: Meter): TreeSource<File> {
  const cutBytes = new WeakMap<File, number>();
  return override(source, {
    async *entries(options) {
      for await (const batch of source.entries(options)) {
        for (const { entry, file } of batch) cutBytes.set(file, meter.list(entry));
        yield batch;
      }
    },
    async *cut(files, cutter, options) {
      for await (const runs of source.cut(files, cutter, options)) {
        for (const { file, bytes } of runs) {
          const reached = (cutBytes.get(file) ?? 0) + bytes.length;
          cutBytes.set(file, reached);
          meter.reach(reached);
        }
        yield runs;
      }
    },
  });
}

/** A target that is metered. */
export function meteredTarget(target: TreeTarget, meter: Meter): TreeTarget {
  return override(target, {
    async plan(entries, first) {
      const needs = await target.plan(entries, first);
      for (const [i, entry] of entries.entries()) {
        meter.list(entry);
        if (needs[i] === "nothing") meter.add(entry.size);
      }
      return needs;
    },
    async place(lists) {
      const answers = await target.place(lists);
      for (const [i, { sizes }] of lists.entries())
        for (const [k, size] of sizes.entries()) if (answers[i]![k] === 1) meter.add(size);
      return answers;
    },
    async write(placements) {
      await target.write(placements);
      for (const { chunk } of placements) meter.add(chunk.bytes.length);
    },
  });
}
