import { createPieceKernel } from "../chunk/piece-kernel.ts";
import { SyncError } from "../errors.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { Allowance } from "./allowance.ts";
import type { Frame } from "./frame.ts";
import { OldPieces } from "./levels/pieces/old-pieces.ts";
import { SubtreeReading } from "./levels/subtrees/subtree-reading.ts";
import type { Link } from "./link.ts";
import type { ReceiverCore } from "./receiver-core.ts";
import type { ReceiverEffect } from "./receiver-effect.ts";

/** What a receiver works with. */
interface ReceiverWorkParts {
  readonly target: TreeTarget;
  readonly core: ReceiverCore;
  readonly link: Link;
  readonly allowance: Allowance;
  /** True when the sender hears what is written. */
  readonly answers: boolean;
  readonly signal: AbortSignal | undefined;
  /** Called when a frame was carried out. */
  readonly onTaken: () => void;
}

/** Carries out the steps of the core, one after another. */
export class ReceiverWork {
  readonly #target: TreeTarget;
  readonly #core: ReceiverCore;
  readonly #link: Link;
  readonly #parts: ReceiverWorkParts;
  readonly #abort: AbortOptions;
  /** Set when the session uses old versions. */
  #pieces: OldPieces | undefined;
  /** Set when the sender asks what is here. */
  #subtrees: SubtreeReading | undefined;

  constructor(parts: ReceiverWorkParts) {
    this.#target = parts.target;
    this.#core = parts.core;
    this.#link = parts.link;
    this.#parts = parts;
    this.#abort = { ...(parts.signal && { signal: parts.signal }) };
  }

  /**
   * Takes what the sender says, up to its last word. Behind that only a stream without a way back
   * is looked at: nothing may be added to it.
   */
  async run(): Promise<void> {
    if (this.#parts.answers) await this.#perform(this.#core.hello());
    for await (const frame of this.#link.frames()) {
      await this.#take(frame);
      if (!this.#core.committed) continue;
      if (this.#core.duplex) return;
      this.#link.linger();
    }
    if (!this.#core.committed)
      throw new SyncError("TRUNCATED", "the stream ended before the sender was done");
    if (this.#link.isMidFrame) throw new SyncError("UNSOLICITED", "the stream goes on behind its end");
  }

  async close(): Promise<void> {
    await this.#subtrees?.close();
  }

  async #take(frame: Frame): Promise<void> {
    const steps = this.#core.receive(frame);
    for (let step = steps.next(); step.done !== true;) {
      let result: unknown;
      try {
        result = await this.#perform(step.value);
      } catch (thrown) {
        step = steps.throw(thrown);
        continue;
      }
      step = steps.next(result);
    }
    this.#parts.onTaken();
  }

  async #perform(effect: ReceiverEffect): Promise<unknown> {
    switch (effect.do) {
      case "send":
        return this.#send(effect);
      case "open":
        return this.#open(effect);
      case "readSubtrees":
        return this.#readSubtrees(effect.topName);
      case "takeSubtrees":
        return this.#subtrees!.take(effect.entryCount);
      case "plan":
        this.#subtrees?.stop();
        return this.#target.plan(effect.entries, effect.first);
      case "place":
        return this.#target.place(effect.lists);
      case "write":
        return this.#target.write(effect.placements);
      case "finish":
        return this.#target.finish(effect.files);
      case "compare":
        return this.#pieces!.compare(effect.entries);
      case "keepOld":
        return this.#target.old!.keep(effect.entry);
      case "differs":
        return this.#target.old!.differs?.(effect.entry) ?? false;
      case "match":
        return this.#pieces!.match(effect.entry, effect.group, effect.sizes);
      case "fill":
        return this.#pieces!.fill(effect.entry, effect.run);
      case "check":
        return this.#pieces!.check(effect.entry, effect.part);
      case "replace":
        return this.#pieces!.replace(effect.entry, effect.part, effect.content);
      case "abandon":
        return this.#target.abandon(effect.entry, effect.reason);
      case "commit":
        return this.#target.commit(effect.whole);
    }
  }

  #readSubtrees(topName: Bytes): void {
    const { maxEntryCount } = this.#parts.allowance;
    this.#subtrees = new SubtreeReading(this.#target.subtrees!, topName, maxEntryCount, this.#abort);
  }

  async #send({ type, payload, squeeze }: ReceiverEffect & { do: "send" }): Promise<void> {
    try {
      await this.#link.send(type, payload, squeeze);
    } catch (thrown) {
      this.#parts.signal?.throwIfAborted();
      if (type !== "DONE") throw thrown; // a sender that is gone does not need it, and all is in place
    }
  }

  async #open(opening: ReceiverEffect & { do: "open" }): Promise<void> {
    const { cutter, digest, layout, search, keepOld, tells, macKey, removedSource } = opening;
    if (this.#core.duplex && !this.#parts.answers) {
      throw new SyncError("UNSUPPORTED", "the sender waits for answers, and there is no way back");
    }
    const { signal } = this.#abort;
    const { old } = this.#target;
    const useOld = old !== undefined && macKey !== undefined;
    if (useOld) this.#pieces = new OldPieces(old, () => createPieceKernel(macKey), this.#abort);
    const onTrouble = (entry: number, error: SyncError): void => {
      this.#pieces?.drop(entry);
      this.#core.trouble(entry, error);
    };
    await this.#target.open({
      cutter,
      digest,
      layout,
      search,
      keepOld,
      useOld,
      removedSource,
      ...(tells && { onChange: (change) => this.#core.change(change) }),
      onDelete: () => void this.#core.totals.deleted++,
      onMissing: (bytes) => void (this.#core.totals.missingBytes += bytes),
      onReplace: (entry, bytes) => this.#parts.allowance.replace(entry, bytes),
      onTrouble,
      ...(signal && { signal }),
    });
  }
}
