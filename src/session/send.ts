import { BlockPool } from "../bytes/block-pool.ts";
import { fastcdcSpec } from "../chunk/cutter-specs.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { digestName } from "../chunk/digest.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { channelOf } from "../transport/channel.ts";
import type { CutOptions, CutRun, Layout, SourceEntry, TreeSource } from "../tree/tree.ts";
import type { AbortOptions, Bytes, Duplex } from "../types.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import { encodeEnd } from "./closing.ts";
import type { Mode } from "./hello.ts";
import { sessionTimes } from "./limits.ts";
import { Link } from "./link.ts";
import type { LivenessOptions } from "./link.ts";

import { SenderCore } from "./sender-core.ts";
import type { SenderAction, SenderTotals } from "./sender-action.ts";

export interface SendOptions extends AbortOptions, LivenessOptions {
  /** `duplex` (default): the receiver answers. `one-way`: the stream holds all. `list`: ids, no content. */
  readonly mode?: Mode;
  /** What the source's top entries are; default `named`. */
  readonly layout?: Layout;
  /** How files are cut; default FastCDC with chunks of 8 KiB on average. */
  readonly cutter?: CutterSpec;
  /** Chunks that the receiver is known to have. */
  readonly have?: ChunkMemory;
  /** Content kept in memory while answers are awaited, in bytes; what is beyond is read again. Default 8 MiB. */
  readonly keptContentBytes?: number;
  /** True to compress content that shrinks; default false. */
  readonly compress?: boolean;
  /** Called for each path that had to be left out, at either end. */
  readonly onTrouble?: (error: SyncError) => void;
  /** Called whenever the totals have changed; as often as that happens. */
  readonly onProgress?: (progress: SendProgress) => void;
}

/** Where a sender stands. */
export interface SendProgress extends Readonly<SenderTotals> {
  readonly type: "send";
  /** Bytes on the wire in each direction, everything included. */
  readonly wireSentBytes: number;
  readonly wireReceivedBytes: number;
}

/** What was sent. Content that was listed and not sent was at the receiver already. */
export interface SendSummary extends SendProgress {
  /** Digest of the whole session: the receiver ends with the same. 32 bytes. */
  readonly digest: Bytes;
}

/**
 * Sends a tree over anything that gives a duplex, and resolves when the receiver has said that all of it is
 * in place (mode `duplex`), or when all of it was handed to the transport.
 *
 * Memory does not grow with the tree: it is bounded by the windows of docs/limits.md. The source is not
 * closed. Entries that fail at either end do not stop the others: see `troubles` and `failed`.
 *
 * @throws SyncError: what the receiver reported (`remote`), PEER_GONE, STALLED, the signal's reason
 * @see docs/protocol.md
 */
export async function sendTree<File>(
  source: TreeSource<File>,
  duplex: Duplex,
  options: SendOptions = {},
): Promise<SendSummary> {
  const mode = options.mode ?? "duplex";
  const cutter = options.cutter ?? fastcdcSpec();
  const link = new Link(channelOf(duplex), { ...sessionTimes, ...options }, options.signal);
  const pool = link.copiesWrites ? new BlockPool() : undefined;
  const core = new SenderCore<File>({
    hello: {
      role: "sender",
      mode,
      layout: options.layout ?? "named",
      digest: digestName,
      cutter,
      compression: "deflate",
      features: [],
      nonce: crypto.getRandomValues(new Uint8Array(16)),
    },
    ...(pool && { pool }),
    ...(options.have && { have: options.have }),
    ...(options.keptContentBytes !== undefined && { keptContentBytes: options.keptContentBytes }),
    ...(options.compress !== undefined && { compress: options.compress }),
    ...(options.onTrouble && { onTrouble: options.onTrouble }),
  });
  const ear = new Ear(link, core);
  if (mode === "duplex") void ear.listen();
  const work = new SenderWork(source, core, link, cutter, options, pool);
  try {
    await work.run(ear);
    await link.end();
    await ear.closed();
    return { ...work.progress(), digest: work.digest };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    const error = await ear.reason(toSyncError(thrown));
    await link.fail(error, true);
    throw error;
  } finally {
    await work.close();
    link.close();
  }
}

/** Feeds what the receiver says to the core, and wakes who waits for it. */
class Ear {
  readonly #link: Link;
  readonly #core: { received: SenderCore<unknown>["received"]; readonly done: unknown };
  #listening: Promise<void> = Promise.resolve();
  #failure: SyncError | undefined;
  #wake: (() => void) | undefined;

  constructor(link: Link, core: { received: SenderCore<unknown>["received"]; readonly done: unknown }) {
    this.#link = link;
    this.#core = core;
  }

  listen(): Promise<void> {
    this.#listening = this.#hear().catch((thrown: unknown) => {
      this.#failure = toSyncError(thrown);
      void this.#link.fail(this.#failure, true);
      this.#wake?.();
    });
    return this.#listening;
  }

  /** Resolves at the receiver's next word. @throws what went wrong with it */
  async waitForWord(): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.check();
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when the receiver has closed its side. */
  closed(): Promise<void> {
    return this.#listening;
  }

  /** Of a write that failed and what the receiver said before it went, the latter is the reason. */
  async reason(error: SyncError): Promise<SyncError> {
    if (error.code === "PEER_GONE") await this.#listening;
    return this.#failure ?? error;
  }

  async #hear(): Promise<void> {
    for await (const frame of this.#link.frames()) {
      this.#core.received(frame);
      this.#wake?.();
    }
    if (this.#core.done === undefined)
      throw new SyncError("PEER_GONE", "the receiver closed before it was done");
  }
}

/** Carries out what the core decides, one thing after another. */
class SenderWork<File> {
  /** The transcript of all before END. */
  digest: Bytes = new Uint8Array(32);
  readonly #source: TreeSource<File>;
  readonly #core: SenderCore<File>;
  readonly #link: Link;
  readonly #cutter: CutterSpec;
  readonly #options: SendOptions;
  readonly #abort: AbortOptions;
  readonly #cutOptions: CutOptions;
  readonly #listing: AsyncIterator<readonly SourceEntry<File>[]>;
  #cut: AsyncIterator<readonly CutRun<File>[]> | undefined;

  constructor(
    source: TreeSource<File>,
    core: SenderCore<File>,
    link: Link,
    cutter: CutterSpec,
    options: SendOptions,
    pool: BlockPool | undefined,
  ) {
    this.#source = source;
    this.#core = core;
    this.#link = link;
    this.#cutter = cutter;
    this.#options = options;
    this.#abort = options.signal ? { signal: options.signal } : {};
    this.#cutOptions = { ...this.#abort, ...(pool && { room: (count) => pool.take(count) }) };
    const onTrouble = (error: SyncError): void => core.trouble(error);
    this.#listing = source.entries({ ...this.#abort, onTrouble })[Symbol.asyncIterator]();
  }

  async run(ear: Ear): Promise<void> {
    for (;;) {
      ear.check();
      this.#options.signal?.throwIfAborted();
      const action = this.#core.next();
      if (action?.do === "finish") return;
      if (action === undefined) await ear.waitForWord();
      else await this.#perform(action);
    }
  }

  progress(): SendProgress {
    const { sentBytes, receivedBytes } = this.#link;
    return { type: "send", ...this.#core.totals, wireSentBytes: sentBytes, wireReceivedBytes: receivedBytes };
  }

  async close(): Promise<void> {
    await this.#listing.return?.();
    await this.#cut?.return?.();
  }

  async #perform(action: SenderAction<File>): Promise<void> {
    switch (action.do) {
      case "send":
        await this.#link.send(action.type, action.payload, action.squeeze);
        this.#options.onProgress?.(this.progress());
        return;
      case "list":
        return this.#list();
      case "cut":
        this.#cut = this.#source.cut(action.files, this.#cutter, this.#cutOptions)[Symbol.asyncIterator]();
        return;
      case "step":
        return this.#step();
      case "read":
        return this.#readAgain(action.file, action.offset, action.size);
      case "end":
        return this.#sayEnd();
      case "finish":
        return;
    }
  }

  async #list(): Promise<void> {
    const { done, value } = await this.#listing.next();
    if (done === true) this.#core.listingEnded();
    else this.#core.listed(value);
  }

  async #step(): Promise<void> {
    const result = await this.#cut?.next();
    if (result === undefined || result.done === true) this.#core.cutEnded();
    else this.#core.cut(result.value);
  }

  async #readAgain(file: File, offset: number, size: number): Promise<void> {
    let bytes: Bytes | undefined;
    try {
      bytes = await this.#source.read(file, offset, size, this.#abort);
    } catch {
      this.#options.signal?.throwIfAborted();
    }
    this.#core.readAgain(bytes);
  }

  async #sayEnd(): Promise<void> {
    const { entries, files, chunks, chunkBytes, troubles } = this.#core.totals;
    const { transcript } = this.#link;
    this.digest = transcript;
    this.#core.saidEnd(transcript);
    await this.#link.send(
      "END",
      encodeEnd({ entries, files, chunks, chunkBytes, troubles, transcript }),
      "none",
    );
  }
}
