import { concatBytes, equalBytes } from "../../../bytes/compare.ts";
import { sha256 } from "../../../chunk/digest.ts";
import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import { finePieceRule, type GearPieceRule, looksLikeText } from "../../../chunk/piece-rules.ts";
import { SyncError } from "../../../errors.ts";
import type { ScanEnd, ScanVisitor } from "../../../tree/scan.ts";
import type { TreeSource } from "../../../tree/source.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import type { PartEnd } from "./file-parts.ts";
import { pieceTellingLimits } from "./piece-bounds.ts";
import type { Scanned, ScannedPieces, ScanRequest } from "./piece-work.ts";
import { pieceMacBytes } from "../../../chunk/pieces.ts";

const { groupBytes, partBytes } = pieceTellingLimits;

const nothingBefore = new Uint8Array();

/** Reads files of a source for the files and pieces levels. */
export class PieceScan<File> implements ScanVisitor<File> {
  readonly #kernel: PieceKernel;
  readonly #requests: Map<File, ScanRequest<File>>;
  readonly #steps: AsyncIterator<void>;
  #results: Scanned<File>[] = [];
  /** The last group of the file that is read: it is told when that has ended. */
  #last: ScannedPieces<File> | undefined;
  #isText: boolean | undefined;
  /** Bytes since the last part that ended, and what stands for all the parts before. */
  #partBytes = 0;
  #before: Bytes = nothingBefore;
  /** The file that is cut by its finer rule; where that began, and how far the file was read. */
  #fine: File | undefined;
  #fineFrom: number | undefined;
  #offset = 0;
  /** Of a file that has grown: what stands for all of it, while it is read once more. */
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

  /**
   * Reads on. Returns what came of it; undefined behind the last file.
   *
   * @param fine a file that is cut by its finer rule from here on
   */
  async next(fine: File | undefined): Promise<readonly Scanned<File>[] | undefined> {
    this.#fine = fine;
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
    if (rule === undefined) {
      this.#kernel.update(0, length);
      return length;
    }
    this.#isText ??= looksLikeText(this.#kernel.buffer.subarray(0, length));
    const used = this.#ruleAt(file, rule);
    const ends = this.#kernel.cut(used, length, isLast).slice();
    if (ends.length > 0) this.#cut(file, used, ends);
    const taken = ends.at(-1) ?? 0;
    this.#offset += taken;
    return taken;
  }

  /** How a file is cut here: when it is read once more, as it was before. */
  #ruleAt(file: File, rule: GearPieceRule): GearPieceRule {
    if (file === this.#fine && !this.#proof) this.#fineFrom ??= this.#offset;
    const isFine = this.#fineFrom !== undefined && this.#offset >= this.#fineFrom;
    return (isFine ? finePieceRule(rule) : undefined) ?? rule;
  }

  end(file: File, how: ScanEnd): boolean {
    const mac = this.#kernel.digest();
    const before = this.#before;
    this.#partBytes = 0;
    this.#before = nothingBefore;
    this.#offset = 0;
    if (how === "grown" && !this.#proof) {
      this.#proof = concatBytes([before, mac]);
      return true;
    }
    const isProven = !this.#proof || equalBytes(this.#proof, concatBytes([before, mac]));
    const failure = how instanceof SyncError ? how : isProven ? undefined : changed();
    this.#proof = undefined;
    this.#isText = undefined;
    this.#fineFrom = undefined;
    const { rule } = this.#requests.get(file)!;
    if (rule === undefined) this.#results.push({ do: "compared", file, end: failure ?? mac });
    else
      this.#results.push({
        do: "cut",
        ...(this.#takeLast() ?? nothing(file, rule)),
        end: failure ?? { mac },
      });
    return false;
  }

  #takeLast(): ScannedPieces<File> | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  #cut(file: File, rule: GearPieceRule, ends: Uint32Array): void {
    const isProof = this.#proof !== undefined;
    const macs = isProof ? undefined : this.#kernel.macs(ends).slice();
    const bytes = isProof ? undefined : this.#kernel.buffer.slice(0, ends.at(-1));
    for (const { first, sizes, start, end } of groupsOf(ends)) {
      const partEnd = this.#partBytes >= partBytes ? this.#endPart() : undefined;
      this.#kernel.update(start, end);
      this.#partBytes += end - start;
      if (macs === undefined || bytes === undefined) continue;
      const before = this.#takeLast();
      if (before) this.#results.push({ do: "cut", ...before, ...(partEnd && { end: partEnd }) });
      this.#last = {
        file,
        rule,
        sizes,
        macs: macs.subarray(first * pieceMacBytes, (first + sizes.length) * pieceMacBytes),
        bytes: bytes.subarray(start, end),
        isText: this.#isText ?? false,
      };
    }
  }

  /** Ends a part with the group that came last. */
  #endPart(): PartEnd {
    const end = { bytes: this.#partBytes, mac: this.#kernel.digest() };
    this.#before = sha256(concatBytes([this.#before, end.mac]));
    this.#partBytes = 0;
    return end;
  }
}

/** Divides pieces into groups: the first piece of each, the sizes of all, and where they stand. */
function* groupsOf(ends: Uint32Array) {
  for (let first = 0, start = 0; first < ends.length;) {
    const sizes: number[] = [];
    let end = start;
    for (let next = first; next < ends.length; next++) {
      const pieceEnd = ends[next]!;
      if (sizes.length > 0 && pieceEnd - start > groupBytes) break;
      sizes.push(pieceEnd - end);
      end = pieceEnd;
    }
    yield { first, sizes, start, end };
    first += sizes.length;
    start = end;
  }
}

function nothing<File>(file: File, rule: GearPieceRule): ScannedPieces<File> {
  const none = new Uint8Array();
  return { file, rule, sizes: [], macs: none, bytes: none, isText: false };
}

function changed(): SyncError {
  return new SyncError("CHANGED", "a file changed after it was listed");
}
