import { availableParallelism } from "node:os";
import { type BlockNamer, type CutBlock, nameBlock, type NamedBlock } from "../chunk/cut-blocks.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { AskedThread } from "./asked-thread.node.ts";

/** Bytes that are named before a thread is worth its start. */
const firstBytes = 16 * 1024 * 1024;

/** Blocks that the thread has at a time, so that it never waits for the next one. */
const aheadCount = 3;

/** Processors with which there is always one for the thread. */
const ampleCount = 3;

/**
 * Names the chunks of blocks in a thread of its own, once they are many and a processor is there
 * for it; before that, and elsewhere, at once.
 */
export class DigestThread implements BlockNamer, AsyncDisposable {
  readonly #digest: ChunkDigest;
  readonly #processorCount = availableParallelism();
  #thread: AskedThread<CutBlock, NamedBlock> | undefined;
  #leftBytes = this.#processorCount > 1 ? firstBytes : Number.POSITIVE_INFINITY;

  constructor(digest: ChunkDigest) {
    this.#digest = digest;
  }

  get aheadCount(): number {
    return this.#thread ? aheadCount : 0;
  }

  async name(block: CutBlock, isBusy: boolean): Promise<NamedBlock> {
    const isAlone = this.#leftBytes > 0 || (isBusy && this.#processorCount < ampleCount);
    if (this.#leftBytes > 0) this.#leftBytes -= block.ends.at(-1) ?? 0;
    const thread = isAlone ? undefined : (this.#thread ??= this.#start());
    return thread?.ask(block, [block.memory.buffer, block.ends.buffer]) ?? nameBlock(block, this.#digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.close();
  }

  #start(): AskedThread<CutBlock, NamedBlock> | undefined {
    const thread = AskedThread.start<CutBlock, NamedBlock>("digest-worker", this.#digest.name);
    if (thread === undefined) this.#leftBytes = Number.POSITIVE_INFINITY;
    return thread;
  }
}
