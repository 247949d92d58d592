import { closingInTheEnd } from "../bytes/closing.ts";
import { override } from "../bytes/override.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { createReceiver } from "../session/create-receiver.ts";
import type { Connect, ReconnectOptions } from "../session/reconnect.ts";
import type { ReceiveOptions } from "../session/receive.ts";
import type { TreeSource } from "../tree/source.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { AbortOptions } from "../types.ts";
import { type Form, TreeRecord } from "./record.ts";
import type { RelayChunks } from "./relay-chunks.ts";
import { receiveRecord } from "./receive-record.ts";
import { relaySource } from "./relay-source.ts";
import { relayTarget } from "./relay-target.ts";
import { upstreamFailure } from "./upstream-failure.ts";

/** How a relay talks to its upstream. */
export type UpstreamOptions = Omit<ReceiveOptions & ReconnectOptions, "signal" | "onProgress">;

/** One tree on its way through: received once, sent to as many as ask for it. */
export class RelayTree {
  readonly record: TreeRecord;
  readonly #chunks: RelayChunks;
  readonly #life = new AbortController();
  /** Resolves when nothing more comes from the upstream; never rejects. */
  readonly done: Promise<void>;
  #readerCount = 0;

  constructor(connect: Connect, chunks: RelayChunks, options: UpstreamOptions) {
    this.#chunks = chunks;
    this.record = new TreeRecord();
    const { signal } = this.#life;
    const session = async (): Promise<number> => {
      let undelivered = 0;
      const openTarget = (): TreeTarget => relayTarget(this.record, chunks, (count) => (undelivered = count));
      // What befell an entry has no path: the entry has, and goes on with it.
      const onTrouble = (error: SyncError): void => {
        this.record.leaveOut(error);
        options.onTrouble?.(error);
      };
      await createReceiver({ ...options, connect, openTarget, onTrouble, signal }).done;
      return undelivered;
    };
    this.done = receiveRecord(this.record, chunks, session, { signal }).then(
      () => this.record.finish("complete"),
      (thrown: unknown) => {
        const begun = this.record.form !== undefined;
        this.record.finish(upstreamFailure(toSyncError(thrown), begun));
      },
    );
  }

  /** Downstreams that are being served. */
  get readerCount(): number {
    return this.#readerCount;
  }

  /**
   * True when somebody who asks has to have the upstream asked again: it failed, or it is complete
   * and might be out of date by now.
   *
   * @param goesOn for who asks once more, and wants what it was then
   */
  isOver(goesOn: boolean): boolean {
    const { end } = this.record;
    return end !== undefined && (end !== "complete" || (this.#readerCount === 0 && !goesOn));
  }

  /** Resolves when the upstream has begun. @throws why it did not, the signal's reason */
  async begun({ signal }: AbortOptions): Promise<Form> {
    const { record } = this;
    for (;;) {
      if (record.end !== undefined && record.end !== "complete") throw record.end;
      if (record.form) return record.form;
      await record.signals.wait("tree", signal);
    }
  }

  /** Joins one more downstream, until its source is closed. */
  join(): TreeSource {
    const source = relaySource(this.record, this.#chunks);
    const leave = this.enter();
    return override(source, {
      close: () =>
        closingInTheEnd(
          () => source.close(),
          async () => leave(),
        ),
    });
  }

  /** Counts one more that reads. Returns what ends that; may be called twice. */
  enter(): () => void {
    let reads = true;
    this.#readerCount += 1;
    return () => {
      if (reads) this.#readerCount -= 1;
      reads = false;
    };
  }

  /** Leaves the upstream; who still reads gets an error. */
  async close(): Promise<void> {
    this.#life.abort(new SyncError("ABORTED", "the relay is closing"));
    await this.done;
  }
}
