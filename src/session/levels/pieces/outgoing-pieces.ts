import { pieceRuleOf } from "../../../tree/plan/old-version.ts";
import { ByteSlab } from "../../../bytes/byte-slab.ts";
import { beginsWith } from "../../../bytes/compare.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import type { Job } from "../../job.ts";
import { Queue } from "../../queue.ts";
import { encodeBits, type OldAnswer } from "../../wishes.ts";
import { type AnnouncedGroup, AnnouncedGroups } from "./announced-groups.ts";
import type { PartEnd } from "./file-parts.ts";
import { pieceWidth } from "./mac-widths.ts";
import { OutgoingParts } from "./outgoing-parts.ts";
import {
  type AwaitedGroup,
  decodePieceAnswers,
  encodePieceGroups,
  encodeRuns,
  literalBytesOf,
  type PieceAnswer,
  type PieceGroup,
  type PieceRun,
} from "./piece-codec.ts";
import { isFarAhead, isScattered, piecedFile, type PiecedFile } from "./pieced-file.ts";
import type { PiecesHost } from "./pieces-host.ts";
import type { PiecesAction, Scanned, ScannedPieces } from "./piece-work.ts";
import { shortMacs } from "./short-macs.ts";
import { requestOf, type WantedRun, WantedRuns } from "./wanted-runs.ts";

const scanFilesCount = 256;
/** Bytes that a PIECES frame aims at. */
const frameBytes = 65_536;

/**
 * The sender's half of the files and pieces levels: compares files with old versions at the
 * receiver by their MACs, announces the pieces of those that differ, and makes up the runs that
 * the receiver does not have.
 */
export class OutgoingPieces<File> {
  readonly #host: PiecesHost<File>;
  readonly #waiting = new Queue<PiecedFile<File>>();
  readonly #scanning = new Map<File, PiecedFile<File>>();
  #isScanOpen = false;
  #isStepping = false;
  readonly #groups: AnnouncedGroups<File>;
  readonly #wanted = new WantedRuns<File>();
  #making: readonly WantedRun<File>[] = [];
  readonly #parts: OutgoingParts<File>;
  readonly #slab = new ByteSlab();

  /** @param keptBytes content kept in memory until it is answered; beyond it is read again */
  constructor(host: PiecesHost<File>, keptBytes: number) {
    this.#host = host;
    this.#parts = new OutgoingParts(host);
    this.#groups = new AnnouncedGroups(keptBytes);
  }

  /** True when nothing waits to be read, answered or sent; but checks may be. */
  get isIdle(): boolean {
    return (
      this.#waiting.size + this.#groups.unansweredCount + this.#wanted.size + this.#making.length === 0 &&
      this.#parts.isIdle &&
      !this.#isScanOpen
    );
  }

  /**
   * True when runs are to go out now: many at once, unless no others will come before these.
   *
   * @param mayAnnounce false when nothing more can be announced until runs have gone out
   */
  hasRuns(mayAnnounce: boolean): boolean {
    if (this.#wanted.size === 0 || this.#making.length > 0) return false;
    const isMoreToCome = mayAnnounce && (this.#isScanOpen || this.#waiting.size > 0);
    return this.#wanted.hasFrame || !isMoreToCome;
  }

  /** The receiver has an old version of a file. */
  add(job: Job<File>, { oldBytes, mac }: OldAnswer): void {
    if (mac !== undefined) this.#waiting.push(piecedFile(job, oldBytes, { mac }));
    else this.#cutToPieces(job, oldBytes);
  }

  /** The next runs that the receiver misses, for one frame. */
  nextRuns(): PiecesAction<File> {
    this.#making = this.#wanted.takeFrame();
    return { do: "makeRuns", requests: this.#making.map((wanted) => requestOf(wanted)) };
  }

  /** What to read next, if anything. */
  nextScan(): PiecesAction<File> | undefined {
    if (this.#isStepping) return undefined;
    const [reading] = this.#scanning.values();
    if (reading && isFarAhead(reading)) return undefined;
    this.#isStepping = this.#isScanOpen;
    if (this.#isScanOpen)
      return { do: "scanStep", fine: reading && isScattered(reading) ? reading.job.file : undefined };
    if (this.#waiting.size === 0) return undefined;
    while (this.#waiting.size > 0 && this.#scanning.size < scanFilesCount) {
      const next = this.#waiting.take();
      this.#scanning.set(next.job.file, next);
    }
    this.#isScanOpen = true;
    return {
      do: "scan",
      requests: [...this.#scanning.values()].map(({ job, rule }) => ({ file: job.file, rule })),
    };
  }

  scanEnded(): void {
    this.#isStepping = false;
    this.#isScanOpen = false;
    if (this.#scanning.size > 0) throw new SyncError("INTERNAL", "the source ended before its files did");
  }

  /** What was read in a step. */
  scanned(results: readonly Scanned<File>[]): void {
    this.#isStepping = false;
    const same: boolean[] = [];
    let groups: PieceGroup[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (groups.length > 0) this.#host.send("PIECES", encodePieceGroups(groups));
      groups = [];
      bytes = 0;
    };
    for (const result of results) {
      const group = result.do === "compared" ? void same.push(this.#compare(result)) : this.#announce(result);
      if (group === undefined) continue;
      groups.push(group);
      bytes += 8 + group.macs.length;
      if (bytes >= frameBytes) flush();
    }
    // What is told of a file comes before its pieces: those are read later.
    if (same.length > 0) this.#host.send("SAME", encodeBits(same));
    flush();
  }

  /** The receiver's answers to the oldest groups. @throws what is wrong with them */
  answer(payload: Bytes): void {
    const next = (): AwaitedGroup => {
      const group = this.#groups.peek();
      if (group === undefined) throw new SyncError("UNSOLICITED", "an answer to pieces that were not told");
      const { sizes, rule } = group.pieces;
      return { count: sizes.length, missing: group.pieced.missing, averageBytes: rule.averageBytes };
    };
    for (const answer of decodePieceAnswers(payload, next)) this.#take(this.#groups.take(), answer);
  }

  /** The runs that were to be made. */
  made(runs: readonly PieceRun[], failures: readonly (SyncError | undefined)[]): void {
    const making = this.#making;
    this.#making = [];
    for (const [i, { group, length }] of making.entries()) {
      const reason = failures[i];
      const { job, isUnlike } = group.pieced;
      const isMade = reason === undefined && !isUnlike;
      this.#host.reused((isMade ? length : 0) - literalBytesOf(runs[i]!.steps));
      if (reason !== undefined && !isUnlike) this.#host.fail(job, reason);
      this.#groups.settle(group);
    }
    const literalBytes = runs.reduce((sum, { steps }) => sum + literalBytesOf(steps), 0);
    this.#host.sendContent("DELTA", encodeRuns(runs), literalBytes);
  }

  /** The receiver has checked the oldest parts. Returns true when some come again. */
  checked(payload: Bytes): boolean {
    return this.#parts.checked(payload);
  }

  /** The next part that comes again. */
  nextPart(): PiecesAction<File> | undefined {
    return this.#parts.next();
  }

  /** The part that was to be read, or why it is not there any more. */
  partRead(content: Bytes | SyncError): void {
    this.#parts.read(content);
  }

  #cutToPieces(job: Job<File>, oldBytes: number): void {
    const rule = pieceRuleOf(job.size, oldBytes);
    if (rule === undefined) this.#host.cut(job, "pushed");
    else this.#waiting.push(piecedFile(job, oldBytes, { rule }));
  }

  /** True when a file is the same as the old version. */
  #compare({ file, end }: Scanned<File> & { do: "compared" }): boolean {
    const { job, oldBytes, mac } = this.#scanned(file);
    this.#scanning.delete(file);
    const isSame = !(end instanceof SyncError) && beginsWith(end, mac!);
    if (isSame) {
      this.#host.listed(job);
      this.#host.reused(job.size);
    } else this.#cutToPieces(job, oldBytes); // one that could not be read is told of then
    return isSame;
  }

  /** Books a part of a file; undefined when the receiver does not want to hear of it any more. */
  #announce(pieces: ScannedPieces<File>): PieceGroup | undefined {
    const { file, sizes, macs, bytes, isText } = pieces;
    const { averageBytes } = pieces.rule;
    const found = this.#scanned(file);
    const { job, oldBytes, offset, rule } = found;
    if (isLastOf(pieces.end)) this.#scanning.delete(file);
    if (found.isUnlike) return undefined;
    const end = endWithin(found, bytes.length, pieces.end);
    const part = this.#parts.announce(found, bytes.length, end instanceof SyncError ? undefined : end?.mac);
    found.offset += bytes.length;
    this.#groups.add({
      pieced: found,
      part,
      offset,
      pieces: { sizes, macs, isText, rule: pieces.rule },
      bytes,
      open: 1,
    });
    if (end instanceof SyncError) this.#host.fail(job, end);
    else if (end !== undefined && end.bytes === undefined) {
      found.isListed = true;
      this.#host.listed(job);
    }
    const width = pieceWidth(job.size, oldBytes, averageBytes);
    return {
      entry: job.entry,
      isFine: averageBytes < rule!.averageBytes,
      isText,
      count: sizes.length,
      width,
      macs: shortMacs(macs, width, this.#slab),
      ...(end !== undefined && { end: end instanceof SyncError ? end.code : end }),
    };
  }

  #scanned(file: File): PiecedFile<File> {
    const found = this.#scanning.get(file);
    if (found === undefined) throw new SyncError("INTERNAL", "the source read a file nobody asked for");
    return found;
  }

  #take(group: AnnouncedGroup<File>, answer: PieceAnswer): void {
    const { pieced, pieces } = group;
    if (answer.isUnlike) this.#giveUpPieces(pieced);
    pieced.answeredBytes += pieces.sizes.reduce((sum, size) => sum + size, 0);
    pieced.groupCount += 1;
    pieced.runCount += answer.gaps.length;
    this.#host.reused(this.#wanted.add(group, answer));
    this.#groups.settle(group);
  }

  /** Nothing of the file is in its old version. */
  #giveUpPieces(found: PiecedFile<File>): void {
    if (found.isUnlike) return;
    found.isUnlike = true;
    this.#parts.forget(found);
    if (found.isListed) this.#host.unlisted(found.job);
    this.#host.cut(found.job, "asked");
  }
}

function isLastOf(end: PartEnd | SyncError | undefined): boolean {
  return end instanceof SyncError || (end !== undefined && end.bytes === undefined);
}

/** A file that is not as long as it was announced has changed. */
function endWithin<File>(
  { job, offset }: PiecedFile<File>,
  bytes: number,
  end: PartEnd | SyncError | undefined,
): PartEnd | SyncError | undefined {
  if (end instanceof SyncError) return end;
  const rest = job.size - offset - bytes;
  if (isLastOf(end) ? rest === 0 : rest > 0) return end;
  return new SyncError("CHANGED", "a file is not as long as when it was listed");
}
