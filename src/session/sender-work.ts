import type { BlockPool } from "../bytes/block-pool.ts";
import { closingInTheEnd } from "../bytes/closing.ts";
import { createPieceKernel, type PieceKernel } from "../chunk/piece-kernel.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { CutOptions, CutRun, SourceEntry, TreeSource } from "../tree/source.ts";
import type { Bytes } from "../types.ts";
import type { Bell } from "./bell.ts";
import { encodeEnd } from "./closing.ts";
import { PieceScan } from "./levels/pieces/piece-scan.ts";
import { RunMaker } from "./levels/pieces/run-maker.ts";
import type { Link } from "./link.ts";
import type { ReplyListener } from "./reply-listener.ts";
import type { SenderAction } from "./sender-action.ts";
import type { SenderCore } from "./sender-core.ts";

/** What a sender works with. */
interface SenderWorkParts<File> {
  readonly source: TreeSource<File>;
  readonly core: SenderCore<File>;
  readonly link: Link;
  readonly bell: Bell;
  /** Memory for content, where the link copies what it sends. */
  readonly pool: BlockPool | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called when a frame is out. */
  readonly onSent: () => void;
}

/**
 * Carries out what the core decides, one thing after another. Only the source is not waited for:
 * while it lists or cuts, which can be long where a tree is itself still coming, all else goes on.
 */
export class SenderWork<File> {
  /** The transcript of all before END. */
  digest: Bytes = new Uint8Array(32);
  readonly #parts: SenderWorkParts<File>;
  readonly #core: SenderCore<File>;
  readonly #link: Link;
  readonly #life = new AbortController();
  readonly #abort: { readonly signal: AbortSignal };
  readonly #listing: AsyncIterator<readonly SourceEntry<File>[]>;
  /** What the source has answered, to be told to the core. */
  readonly #answers: (() => void)[] = [];
  #cut: AsyncIterator<readonly CutRun<File>[]> | undefined;
  #scan: PieceScan<File> | undefined;
  #kernel: PieceKernel | undefined;
  #runs: RunMaker<File> | undefined;

  constructor(parts: SenderWorkParts<File>) {
    const { source, core, link, signal: given } = parts;
    this.#parts = parts;
    this.#core = core;
    this.#link = link;
    const { signal } = this.#life;
    this.#abort = { signal: given ? AbortSignal.any([given, signal]) : signal };
    this.#abort.signal.addEventListener("abort", () => parts.bell.ring(), { once: true });
    const onTrouble = (error: SyncError): void => core.trouble(error);
    const isComplete = (path: string): boolean => core.isComplete(path);
    this.#listing = source.entries({ ...this.#abort, onTrouble, isComplete })[Symbol.asyncIterator]();
  }

  async run(replies: ReplyListener): Promise<void> {
    for (;;) {
      replies.check();
      this.#abort.signal.throwIfAborted();
      for (const tell of this.#answers.splice(0)) tell();
      const action = this.#core.next();
      if (action?.do === "finish") return;
      if (action === undefined) await this.#parts.bell.wait();
      else await this.#perform(action);
    }
  }

  async close(): Promise<void> {
    this.#life.abort(new SyncError("ABORTED", "the session is over"));
    await closingInTheEnd(
      async () => void (await this.#listing.return?.()),
      () =>
        closingInTheEnd(
          async () => void (await this.#cut?.return?.()),
          async () => this.#scan?.close(),
        ),
    );
  }

  async #perform(action: SenderAction<File>): Promise<void> {
    switch (action.do) {
      case "send":
        await this.#link.send(action.type, action.payload, action.squeeze);
        return this.#parts.onSent();
      case "readSubtrees":
        return this.#await(this.#parts.source.subtrees!.read({ ...this.#abort, goOn: this.#goOn }), (read) =>
          this.#core.subtrees(read),
        );
      case "list":
        return this.#await(this.#listing.next(), ({ done, value }) => {
          if (done === true) this.#core.listingEnded();
          else this.#core.listed(value);
        });
      case "cut":
        this.#cut = this.#parts.source
          .cut(action.files, this.#core.chunkMaking.cutter, this.#cutOptions())
          [Symbol.asyncIterator]();
        return;
      case "step":
        return this.#await(this.#cut!.next(), ({ done, value }) => {
          if (done === true) this.#core.cutEnded();
          else this.#core.cut(value);
        });
      case "scan":
        this.#scan = new PieceScan(this.#parts.source, this.#pieceKernel(), action.requests, this.#abort);
        return;
      case "scanStep":
        return this.#await(this.#scan!.next(action.fine), (results) => {
          if (results === undefined) this.#core.scanEnded();
          else this.#core.scanned(results);
        });
      case "makeRuns":
        return this.#core.madeRuns(await this.#runMaker().make(action.requests));
      case "readPart":
        return this.#core.partRead(await this.#runMaker().readPart(action.file, action.part));
      case "read":
        return this.#readAgain(action.file, action.offset, action.size);
      case "end":
        return this.#sayEnd();
      case "finish":
        return;
    }
  }

  #cutOptions(): CutOptions {
    const { pool } = this.#parts;
    const room = pool && { room: (count: number) => pool.take(count) };
    return { ...this.#abort, digest: this.#core.chunkMaking.digest, ...room };
  }

  readonly #goOn = (entryCount: number): boolean => {
    this.#parts.bell.ring();
    return this.#core.sawSubtrees(entryCount);
  };

  /** Has the core told when the source has answered. */
  #await<Result>(answer: Promise<Result>, tell: (result: Result) => void): void {
    const note = (act: () => void): void => {
      this.#answers.push(act);
      this.#parts.bell.ring();
    };
    answer.then(
      (result) => note(() => tell(result)),
      (thrown: unknown) =>
        note(() => {
          throw thrown;
        }),
    );
  }

  #pieceKernel(): PieceKernel {
    return (this.#kernel ??= createPieceKernel(this.#core.macKey!));
  }

  #runMaker(): RunMaker<File> {
    const kernel = (): PieceKernel => createPieceKernel(this.#core.macKey!);
    return (this.#runs ??= new RunMaker(this.#parts.source, kernel(), this.#abort));
  }

  async #readAgain(file: File, offset: number, size: number): Promise<void> {
    let read: Bytes | SyncError;
    try {
      read = await this.#parts.source.read(file, offset, size, this.#abort);
    } catch (thrown) {
      this.#abort.signal.throwIfAborted();
      read = toSyncError(thrown, "IO");
    }
    this.#core.readAgain(read);
  }

  async #sayEnd(): Promise<void> {
    const { transcript } = this.#link;
    this.digest = transcript;
    this.#core.saidEnd(transcript);
    await this.#link.send("END", encodeEnd({ ...this.#core.totals, transcript }), "none");
  }
}
