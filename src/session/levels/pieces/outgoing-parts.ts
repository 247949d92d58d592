import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { Queue } from "../../queue.ts";
import { decodeBits } from "../../wishes.ts";
import { encodePart, type FilePart } from "./file-parts.ts";
import type { OpenPart, PiecedFile } from "./pieced-file.ts";
import type { PiecesAction } from "./piece-work.ts";
import type { PiecesHost } from "./pieces-host.ts";

/** A part that was announced to its end. */
interface ToldPart<File> {
  readonly part: OpenPart<File>;
  readonly mac: Bytes;
}

/** Hears which parts of files are right at the receiver, and sends the others once more. */
export class OutgoingParts<File> {
  readonly #host: PiecesHost<File>;
  /** Those whose check was not answered; and how many, without those of files that are unlike. */
  readonly #unchecked = new Queue<ToldPart<File>>();
  #uncheckedCount = 0;
  readonly #wrong = new Queue<ToldPart<File>>();
  #reading: ToldPart<File> | undefined;

  constructor(host: PiecesHost<File>) {
    this.#host = host;
  }

  /** True when none is to be sent; but checks may be open. */
  get isIdle(): boolean {
    return this.#wrong.size === 0 && this.#reading === undefined;
  }

  /** The next group of a file is announced. Returns the part that it belongs to. */
  announce(pieced: PiecedFile<File>, bytes: number, mac: Bytes | undefined): OpenPart<File> {
    const part = (pieced.part ??= { pieced, offset: pieced.offset, bytes: 0, open: 0 });
    part.bytes += bytes;
    part.open += 1;
    if (mac === undefined) return part;
    pieced.part = undefined;
    pieced.uncheckedCount += 1;
    this.#uncheckedCount += 1;
    this.#unchecked.push({ part, mac });
    return part;
  }

  /** The receiver does not check a file any more, which comes by its chunks. */
  forget(pieced: PiecedFile<File>): void {
    this.#uncheckedCount -= pieced.uncheckedCount;
  }

  /** The receiver has checked the oldest parts. Returns true when some come again. */
  checked(payload: Bytes): boolean {
    const wishes = decodeBits(payload, this.#uncheckedCount);
    this.#uncheckedCount -= wishes.length;
    for (const isWanted of wishes) {
      let next = this.#unchecked.take();
      while (next.part.pieced.isUnlike) next = this.#unchecked.take();
      const { pieced, open } = next.part;
      if (open > 0) throw new SyncError("UNSOLICITED", "a check before all of a part was there");
      pieced.uncheckedCount -= 1;
      if (!isWanted) continue;
      pieced.job.open += 1;
      this.#wrong.push(next);
    }
    return wishes.includes(true);
  }

  /** The next part that comes again. */
  next(): PiecesAction<File> | undefined {
    const next = this.#wrong.shift();
    if (next === undefined) return undefined;
    this.#reading = next;
    return { do: "readPart", file: next.part.pieced.job.file, part: partOf(next) };
  }

  /** What was to be read, or why it is not there any more. */
  read(content: Bytes | SyncError): void {
    const { bytes, pieced } = this.#reading!.part;
    const { job } = pieced;
    this.#reading = undefined;
    this.#host.reused(-bytes);
    job.open -= 1;
    const isThere = content instanceof Uint8Array;
    if (!isThere) this.#host.fail(job, content);
    this.#host.sendContent("PART", encodePart(isThere ? content : undefined), isThere ? content.length : 0);
  }
}

function partOf<File>({ part: { offset, bytes }, mac }: ToldPart<File>): FilePart {
  return { offset, bytes, mac };
}
