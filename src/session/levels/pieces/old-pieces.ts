import { ByteSlab } from "../../../bytes/byte-slab.ts";
import { equalBytes } from "../../../bytes/compare.ts";
import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import { type GearPieceRule, smallPieceRule } from "../../../chunk/piece-rules.ts";
import { SyncError } from "../../../errors.ts";
import type { ScanVisitor } from "../../../tree/scan.ts";
import type { OldVersions } from "../../../tree/target.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import type { FilePart } from "./file-parts.ts";
import { ruleOf, type VersionSizes } from "./group-rule.ts";
import { compareMacBytes, gapWidth } from "./mac-widths.ts";
import { type MissingRun, MissingRuns } from "./missing-runs.ts";
import { maxGapBytes, pieceTellingLimits } from "./piece-bounds.ts";
import { PieceIndex } from "./piece-index.ts";
import {
  type GapMacs,
  isLastGroup,
  type PieceAnswer,
  type PieceGroup,
  type PieceRun,
} from "./piece-codec.ts";
import { KeptVersions } from "./kept-versions.ts";
import { RebuiltOutput } from "./rebuilt-output.ts";
import { sessionLimits } from "../../limits.ts";
import { shortMacs } from "./short-macs.ts";

/** A file that is made anew from its old version. */
interface Rebuilt {
  readonly entry: number;
  readonly sizes: VersionSizes;
  /** How the last group was cut. */
  rule: GearPieceRule;
  groupCount: number;
  foundCount: number;
  /** Where the old piece ends that was found last. */
  oldEnd: number;
  readonly missing: MissingRuns;
  /** What the new version is made of, from where it was put to the end of the groups that came. */
  readonly stretches: Stretch[];
}

/**
 * A stretch of the old version; a gap, and where the small pieces in its place start there; or the
 * end of a part.
 */
type Stretch = { readonly offset: number; size: number } | { readonly starts: readonly number[] } | "end";

/** Makes new versions of files from old ones of a target: what a receiver does at these levels. */
export class OldPieces {
  readonly #old: OldVersions;
  readonly #kept: KeptVersions;
  readonly #kernel: PieceKernel;
  readonly #options: AbortOptions;
  readonly #files = new Map<number, Rebuilt>();
  readonly #output: RebuiltOutput;
  readonly #slab = new ByteSlab();
  /** The pieces of the old version of one file: of the one whose groups come. */
  readonly #index = new PieceIndex();
  #indexed: Rebuilt | undefined;

  /** @param createKernel makes one with the session's key */
  constructor(old: OldVersions, createKernel: () => PieceKernel, options: AbortOptions) {
    this.#old = old;
    this.#kept = new KeptVersions(old, sessionLimits.keptContentBytes);
    this.#kernel = createKernel();
    this.#output = new RebuiltOutput(old, this.#kept, createKernel());
    this.#options = options;
  }

  /** The MACs by which old versions are compared; undefined for those that cannot be read. */
  async compare(entries: readonly number[]): Promise<readonly (Bytes | undefined)[]> {
    const macs = new Map<number, Bytes>();
    const kernel = this.#kernel;
    await this.#scan(entries, {
      block(_, length) {
        kernel.update(0, length);
        return length;
      },
      end(entry, how) {
        const mac = kernel.digest();
        if (how === "complete") macs.set(entry, mac.slice(0, compareMacBytes));
        return false;
      },
    });
    return entries.map((entry) => macs.get(entry));
  }

  /** Looks for the pieces of a group in the old version. */
  async match(entry: number, group: PieceGroup, sizes: VersionSizes): Promise<PieceAnswer> {
    const rule = ruleOf(sizes, group.isFine);
    const file = this.#files.get(entry) ?? this.#begin(entry, sizes, rule);
    const isCut = this.#indexed === file && file.rule.averageBytes === rule.averageBytes;
    file.rule = rule;
    if (!isCut) await this.#cutOld(file, group.width);
    const places = this.#index.find(group);
    file.groupCount += 1;
    const found: boolean[] = [];
    for (const place of places) {
      found.push(place >= 0);
      if (place >= 0) file.foundCount += 1;
    }
    if (
      file.foundCount === 0 &&
      (isLastGroup(group) || file.groupCount >= pieceTellingLimits.unlikeGroupCount)
    ) {
      this.drop(entry);
      this.#old.restart(entry);
      return { found: [], gaps: [], isUnlike: true };
    }
    const runs = file.missing.next(found, rule.averageBytes);
    const gaps = await this.#note(file, places, runs, group.isText);
    if (typeof group.end === "object") file.stretches.push("end");
    return { found, gaps, isUnlike: false };
  }

  /** Puts what stands before the next gap, and what came for that. @throws BAD_MESSAGE */
  async fill(entry: number, run: PieceRun): Promise<void> {
    const file = this.#required(entry);
    const stretch = await this.#putStretches(file);
    if (stretch === "end") throw new SyncError("INTERNAL", "a run without its gap");
    const { starts } = stretch;
    let at = 0;
    for (const step of run.steps) {
      if ("literalBytes" in step) {
        this.#output.append(file, run.literals.subarray(at, (at += step.literalBytes)));
        continue;
      }
      const from = starts[step.first];
      const to = starts[step.first + step.count];
      if (from === undefined || to === undefined)
        throw new SyncError("BAD_MESSAGE", "a run names pieces that were not told");
      await this.#output.copy(file, from, to - from);
    }
  }

  /** Puts the rest of a part, if it is what the sender has. Returns whether it is. */
  async check(entry: number, part: FilePart): Promise<boolean> {
    const file = this.#files.get(entry);
    if (!file) return false; // no pieces of it were told
    if ((await this.#putStretches(file)) !== "end") throw new SyncError("INTERNAL", "a gap was left open");
    const isRight = await this.#output.finish(file, part);
    if (part.offset + part.bytes === file.sizes.newBytes) this.#forget(entry);
    return isRight;
  }

  /** Puts a part that came once more, if it is what the sender has. Returns whether it is. */
  async replace(entry: number, { offset, mac }: FilePart, content: Bytes): Promise<boolean> {
    this.#kernel.buffer.set(content);
    this.#kernel.update(0, content.length);
    const isRight = equalBytes(this.#kernel.digest(), mac);
    if (isRight) await this.#old.put(entry, offset, content);
    return isRight;
  }

  /** Forgets a file. */
  drop(entry: number): void {
    const file = this.#files.get(entry);
    if (file) this.#output.drop(file);
    this.#forget(entry);
  }

  #forget(entry: number): void {
    this.#files.delete(entry);
    this.#kept.drop(entry);
  }

  #begin(entry: number, sizes: VersionSizes, rule: GearPieceRule): Rebuilt {
    const counts = { groupCount: 0, foundCount: 0, oldEnd: 0 };
    const made = { missing: new MissingRuns(), stretches: [] };
    const file: Rebuilt = { entry, sizes, rule, ...counts, ...made };
    this.#files.set(entry, file);
    return file;
  }

  /** Cuts the old version of a file by its rule. */
  async #cutOld(file: Rebuilt, width: number): Promise<void> {
    const kernel = this.#kernel;
    this.#indexed = file;
    this.#index.begin(width);
    let isFirst = true;
    await this.#scan([file.entry], {
      block: (_, length, isLast) => {
        if (isFirst && isLast) this.#kept.keep(file.entry, kernel.buffer.subarray(0, length));
        isFirst = false;
        const ends = kernel.cut(file.rule, length, isLast);
        if (ends.length > 0) this.#index.add(ends, kernel.macs(ends));
        return ends.at(-1) ?? 0;
      },
      end: () => false, // what is there will do: the check at the end decides
    });
  }

  async #scan(entries: readonly number[], visitor: ScanVisitor<number>): Promise<void> {
    for await (const _ of this.#old.scan(entries, this.#kernel.buffer, visitor, this.#options)) void _;
  }

  /** Notes what a group is made of. Returns what stands in its gaps. */
  async #note(
    file: Rebuilt,
    places: readonly number[],
    runs: readonly MissingRun[],
    isText: boolean,
  ): Promise<GapMacs[]> {
    const gaps: GapMacs[] = [];
    let at = 0;
    for (const run of runs) {
      this.#addPieces(file, places, at, run.first);
      at = run.first + run.count;
      const next = at < places.length ? this.#index.startOf(places[at]!) : undefined;
      gaps.push(await this.#tellGap(file, run, next, isText));
    }
    this.#addPieces(file, places, at, places.length);
    return gaps;
  }

  /** Adds the pieces that were found for those from one to another. */
  #addPieces(file: Rebuilt, places: readonly number[], from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const offset = this.#index.startOf(places[i]!);
      this.#addStretch(file, offset, this.#index.endOf(places[i]!) - offset);
    }
  }

  #addStretch(file: Rebuilt, offset: number, size: number): void {
    const last = file.stretches.at(-1);
    if (typeof last === "object" && "size" in last && last.offset + last.size === offset) last.size += size;
    else file.stretches.push({ offset, size });
    file.oldEnd = offset + size;
  }

  /**
   * The small pieces of the old version that stand where pieces are missing: up to the next one
   * that is there, or about as much as is missing. Where pieces of the groups before are missing,
   * too, about as much is passed over: it was told for those.
   */
  async #tellGap(
    file: Rebuilt,
    { count, rowBytes }: MissingRun,
    next: number | undefined,
    isText: boolean,
  ): Promise<GapMacs> {
    const { averageBytes } = file.rule;
    const about = (count + 1) * averageBytes;
    const isBounded = next !== undefined && next >= file.oldEnd;
    const passed = file.oldEnd + Math.max(0, rowBytes - about);
    const from = isBounded ? Math.max(file.oldEnd, Math.min(passed, next - about)) : passed;
    const end = Math.min(isBounded ? next : from + about, file.sizes.oldBytes);
    const told = Math.min(end - from, maxGapBytes(count, file.rule));
    const room = this.#kernel.buffer.subarray(0, Math.max(0, told)); // it may have grown since it was planned
    const read = this.#kept.read(file.entry, from, room);
    const length = typeof read === "number" ? read : await read;
    const ends = this.#kernel.cut(smallPieceRule(isText), length, true);
    const starts = [from];
    for (let i = 0; i < ends.length; i++) starts.push(from + ends[i]!);
    file.stretches.push({ starts });
    const macs = ends.length > 0 ? this.#kernel.macs(ends) : new Uint8Array();
    const width = gapWidth(ends.length, rowBytes);
    return { count: ends.length, macs: shortMacs(macs, width, this.#slab), width };
  }

  /** Puts what stands before the next gap, or before the end of a part. Returns which that is. */
  async #putStretches(file: Rebuilt): Promise<Exclude<Stretch, { size: number }>> {
    for (;;) {
      const stretch = file.stretches.shift();
      if (stretch === undefined) throw new SyncError("INTERNAL", "more was put than there are pieces");
      if (stretch === "end" || "starts" in stretch) return stretch;
      await this.#output.copy(file, stretch.offset, stretch.size);
    }
  }

  #required(entry: number): Rebuilt {
    const file = this.#files.get(entry);
    if (file) return file;
    throw new SyncError("INTERNAL", "a file that is not made of pieces");
  }
}
