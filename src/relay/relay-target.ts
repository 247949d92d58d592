import { idBytes } from "../chunk/chunk.ts";
import type { SyncError } from "../errors.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { ListedChunks, Need, Placement, TargetOptions, TreeTarget } from "../tree/target.ts";
import type { TreeRecord } from "./record.ts";
import type { ClaimedChunks } from "./relay-chunks.ts";

/**
 * The end of a relay that listens to the upstream, for one session: it keeps what it hears, and
 * asks for chunks that are neither here nor on their way.
 *
 * @param onClose called at the end with how many of the chunks that it asked for did not come
 */
export function relayTarget(
  record: TreeRecord,
  chunks: ClaimedChunks,
  onClose: (undeliveredCount: number) => void,
): TreeTarget {
  return new RelayTarget(record, chunks, onClose);
}

class RelayTarget implements TreeTarget {
  readonly #record: TreeRecord;
  readonly #chunks: ClaimedChunks;
  readonly #onClose: (undeliveredCount: number) => void;
  #options: TargetOptions | undefined;

  constructor(record: TreeRecord, chunks: ClaimedChunks, onClose: (undeliveredCount: number) => void) {
    this.#record = record;
    this.#chunks = chunks;
    this.#onClose = onClose;
  }

  async open(options: TargetOptions): Promise<void> {
    this.#options = options;
    this.#record.begin({ cutter: options.cutter, layout: options.layout });
  }

  async plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    const needs = entries.map((entry, i) => this.#plan(first + i, entry));
    this.#record.signals.tell("tree");
    return needs;
  }

  async place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]> {
    const answers: Uint8Array[] = [];
    for (const list of lists) answers.push(await this.#place(list));
    return answers;
  }

  async #place({ entry, offset, ids, sizes }: ListedChunks): Promise<Uint8Array> {
    this.#record.addChunks(entry, offset, ids, sizes);
    const here = new Uint8Array(sizes.length);
    const { signal } = this.#options!;
    for (let i = 0; i < sizes.length; i++) {
      const id = ids.subarray(i * idBytes, (i + 1) * idBytes);
      here[i] = Number(await this.#chunks.claim(id, this, signal ? { signal } : {}));
    }
    this.#endIfListed(entry);
    return here;
  }

  async write(placements: readonly Placement[]): Promise<void> {
    for (const { chunk } of placements) if (!this.#chunks.has(chunk.id)) await this.#chunks.put(chunk);
  }

  async finish(files: readonly { readonly entry: number }[]): Promise<void> {
    for (const { entry } of files) this.#record.endFile(entry, "complete");
  }

  async abandon(entry: number, reason: SyncError): Promise<void> {
    this.#record.endFile(entry, reason);
    this.#options!.onTrouble(entry, reason);
  }

  /** What was told is complete when its chunks are here, which others may have to bring. */
  async commit(whole: boolean): Promise<void> {
    this.#record.isWhole &&= whole;
  }

  async close(): Promise<void> {
    this.#onClose(this.#chunks.release(this));
  }

  #plan(number: number, entry: Entry): Need {
    const copy = {
      ...entry,
      name: entry.name.slice(),
      ...(entry.target && { target: entry.target.slice() }),
    };
    this.#record.addEntry(number, copy);
    return entry.kind === "file" && entry.size > 0 ? "ask" : "nothing";
  }

  /** A list as long as the file is complete, before its content is. */
  #endIfListed(number: number): void {
    const { chunks, entry } = this.#record.entries[number]!;
    if (chunks.bytes === entry.size) this.#record.endFile(number, "complete");
  }
}
