import { equalBytes } from "../../../bytes/compare.ts";
import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import { looksLikeText } from "../../../chunk/piece-rules.ts";
import { SyncError } from "../../../errors.ts";
import type { ScanEnd, ScanVisitor } from "../../../tree/scan.ts";
import type { TreeSource } from "../../../tree/source.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import type { Scanned, ScannedPieces, ScanRequest } from "./piece-work.ts";
import { pieceMacBytes } from "../../../chunk/pieces.ts";

/** Content of the pieces that are told together, about. */
const groupBytes = 262_144;

/** Reads files of a source for the files and pieces levels. */
export class PieceScan<File> implements ScanVisitor<File> {
  readonly #kernel: PieceKernel;
  readonly #requests: Map<File, ScanRequest<File>>;
  readonly #steps: AsyncIterator<void>;
  #results: Scanned<File>[] = [];
  /** The last group of the file that is read: it is told when that has ended. */
  #last: ScannedPieces<File> | undefined;
  #isText: boolean | undefined;
  /** Of a file that has grown: its MAC, while it is read once more. */
  #proof: Bytes | undefined;

  constructor(
    source: TreeSource<File>,
    kernel: PieceKernel,
    requests: readonly ScanRequest<File>[],
    options: AbortOptions,
  ) {
    this.#kernel = kernel;
    this.#requests = new Map(requests.map((request) => [request.file, request]));
    const files = requests.map(({ file }) => file);
    this.#steps = source.scan!(files, kernel.buffer, this, options)[Symbol.asyncIterator]();
  }

  /** Reads on. Returns what came of it; undefined behind the last file. */
  async next(): Promise<readonly Scanned<File>[] | undefined> {
    const { done } = await this.#steps.next();
    const results = this.#results;
    this.#results = [];
    return done === true && results.length === 0 ? undefined : results;
  }

  async close(): Promise<void> {
    await this.#steps.return?.();
  }

  block(file: File, length: number, isLast: boolean): number {
    const { rule } = this.#requests.get(file)!;
    if (rule === undefined || this.#proof) {
      this.#kernel.update(0, length);
      return length;
    }
    this.#isText ??= looksLikeText(this.#kernel.buffer.subarray(0, length));
    const ends = this.#kernel.cut(rule, length, isLast).slice();
    const taken = ends.at(-1) ?? 0;
    this.#kernel.update(0, taken);
    if (taken > 0) this.#cut(file, ends);
    return taken;
  }

  end(file: File, how: ScanEnd): boolean {
    const mac = this.#kernel.digest();
    if (how === "grown" && !this.#proof) {
      this.#proof = mac;
      return true;
    }
    const isProven = !this.#proof || equalBytes(this.#proof, mac);
    const end = how instanceof SyncError ? how : isProven ? mac : changed();
    this.#proof = undefined;
    this.#isText = undefined;
    const { rule } = this.#requests.get(file)!;
    if (rule === undefined) this.#results.push({ do: "compared", file, end });
    else this.#results.push({ do: "cut", ...(this.#takeLast() ?? nothing(file)), end });
    return false;
  }

  #takeLast(): ScannedPieces<File> | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  #cut(file: File, ends: Uint32Array): void {
    const macs = this.#kernel.macs(ends).slice();
    const bytes = this.#kernel.buffer.slice(0, ends.at(-1));
    let first = 0;
    for (let i = 0; i < ends.length; i++) {
      const start = first === 0 ? 0 : ends[first - 1]!;
      if (i + 1 < ends.length && ends[i + 1]! - start <= groupBytes) continue;
      const before = this.#takeLast();
      if (before) this.#results.push({ do: "cut", ...before });
      this.#last = {
        file,
        sizes: Array.from(
          ends.subarray(first, i + 1),
          (end, k) => end - (first + k === 0 ? 0 : ends[first + k - 1]!),
        ),
        macs: macs.subarray(first * pieceMacBytes, (i + 1) * pieceMacBytes),
        bytes: bytes.subarray(start, ends[i]),
        isText: this.#isText ?? false,
      };
      first = i + 1;
    }
  }
}

function nothing<File>(file: File): ScannedPieces<File> {
  const none = new Uint8Array();
  return { file, sizes: [], macs: none, bytes: none, isText: false };
}

function changed(): SyncError {
  return new SyncError("CHANGED", "a file changed after it was listed");
}
