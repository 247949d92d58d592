import { equalBytes } from "../../../bytes/compare.ts";
import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import { type GearPieceRule, smallPieceRule } from "../../../chunk/piece-rules.ts";
import { pieceRuleOf } from "../../../tree/plan/old-version.ts";
import { SyncError } from "../../../errors.ts";
import type { ScanVisitor } from "../../../tree/scan.ts";
import type { OldVersions } from "../../../tree/target.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import { compareMacBytes, gapMacBytes } from "./mac-widths.ts";
import { maxGapBytes } from "./piece-bounds.ts";
import { PieceIndex } from "./piece-index.ts";
import { type GapMacs, type PieceAnswer, type PieceGroup, type PieceRun } from "./piece-codec.ts";
import { RebuiltOutput } from "./rebuilt-output.ts";
import { shortMacs } from "./short-macs.ts";

/** A file that is made anew from its old version. */
interface Rebuilt {
  readonly entry: number;
  readonly newBytes: number;
  readonly oldBytes: number;
  readonly rule: GearPieceRule;
  /** The pieces of the old version, until the last group was looked for. */
  index: PieceIndex;
  groupCount: number;
  foundCount: number;
  /** Where the old piece ends that was found last. */
  oldEnd: number;
  /** What the new version is made of, from where it was put to the end of the groups that came. */
  readonly parts: Part[];
}

/** A stretch of the old version; or a gap, and where the small pieces in its place start there. */
type Part = { readonly offset: number; size: number } | { readonly starts: Float64Array };

/** Groups after which a file in which nothing was found is given up. */
const unlikeGroupCount = 4;

/** Makes new versions of files from old ones of a target: what a receiver does at these levels. */
export class OldPieces {
  readonly #old: OldVersions;
  readonly #kernel: PieceKernel;
  readonly #options: AbortOptions;
  readonly #files = new Map<number, Rebuilt>();
  readonly #output: RebuiltOutput;

  /** @param createKernel makes one with the session's key */
  constructor(old: OldVersions, createKernel: () => PieceKernel, options: AbortOptions) {
    this.#old = old;
    this.#kernel = createKernel();
    this.#output = new RebuiltOutput(old, createKernel());
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
  async match(entry: number, group: PieceGroup, { newBytes, oldBytes }: VersionSizes): Promise<PieceAnswer> {
    const file = this.#files.get(entry) ?? (await this.#begin(entry, group.width, { newBytes, oldBytes }));
    const places = file.index.find(group);
    file.groupCount += 1;
    const found = Array.from(places, (place) => place >= 0);
    file.foundCount += found.filter(Boolean).length;
    if (file.foundCount === 0 && (group.end !== undefined || file.groupCount >= unlikeGroupCount)) {
      this.drop(entry);
      this.#old.restart(entry);
      return { found: [], gaps: [], isUnlike: true };
    }
    const gaps = await this.#note(file, places, group.isText);
    if (group.end !== undefined) file.index = new PieceIndex(group.width);
    return { found, gaps, isUnlike: false };
  }

  /** Puts what stands before the next gap, and what came for that. @throws BAD_MESSAGE */
  async fill(entry: number, run: PieceRun): Promise<void> {
    const file = this.#required(entry);
    const starts = await this.#putUpToGap(file);
    let at = 0;
    for (const step of run.steps) {
      if ("literalBytes" in step) {
        await this.#output.append(file, run.literals.subarray(at, (at += step.literalBytes)));
        continue;
      }
      const from = starts[step.first];
      const to = starts[step.first + step.count];
      if (from === undefined || to === undefined)
        throw new SyncError("BAD_MESSAGE", "a run names pieces that were not told");
      await this.#output.copy(file, from, to - from);
    }
  }

  /** Puts the rest, and says whether the file is what the sender has. */
  async check(entry: number, mac: Bytes): Promise<boolean> {
    const file = this.#files.get(entry);
    if (!file) return false; // no pieces of it were told
    for (const part of file.parts.splice(0)) {
      if ("starts" in part) throw new SyncError("INTERNAL", "a gap was left open");
      await this.#output.copy(file, part.offset, part.size);
    }
    const isRight = equalBytes(await this.#output.finish(file), mac);
    this.#files.delete(entry);
    if (!isRight) this.#old.restart(entry);
    return isRight;
  }

  /** Forgets a file. */
  drop(entry: number): void {
    const file = this.#files.get(entry);
    if (file) this.#output.drop(file);
    this.#files.delete(entry);
  }

  async #begin(entry: number, width: number, { newBytes, oldBytes }: VersionSizes): Promise<Rebuilt> {
    const rule = pieceRuleOf(newBytes, oldBytes)!;
    const index = new PieceIndex(width);
    const kernel = this.#kernel;
    await this.#scan([entry], {
      block(_, length, isLast) {
        const ends = kernel.cut(rule, length, isLast).slice();
        if (ends.length > 0) index.add(ends, kernel.macs(ends));
        return ends.at(-1) ?? 0;
      },
      end: () => false, // what is there will do: the check at the end decides
    });
    const counts = { groupCount: 0, foundCount: 0, oldEnd: 0 };
    const file: Rebuilt = { entry, newBytes, oldBytes, rule, index, ...counts, parts: [] };
    this.#files.set(entry, file);
    return file;
  }

  async #scan(entries: readonly number[], visitor: ScanVisitor<number>): Promise<void> {
    for await (const _ of this.#old.scan(entries, this.#kernel.buffer, visitor, this.#options)) void _;
  }

  /** Notes what a group is made of. Returns what stands in its gaps. */
  async #note(file: Rebuilt, places: Int32Array, isText: boolean): Promise<GapMacs[]> {
    const gaps: GapMacs[] = [];
    for (let i = 0; i < places.length;) {
      if (places[i]! >= 0) {
        this.#addPiece(file, places[i++]!);
        continue;
      }
      const first = i;
      while (i < places.length && places[i]! < 0) i += 1;
      const next = i < places.length ? file.index.startOf(places[i]!) : undefined;
      gaps.push(await this.#tellGap(file, i - first, next, isText));
    }
    return gaps;
  }

  #addPiece(file: Rebuilt, piece: number): void {
    const offset = file.index.startOf(piece);
    const size = file.index.endOf(piece) - offset;
    const last = file.parts.at(-1);
    if (last && "size" in last && last.offset + last.size === offset) last.size += size;
    else file.parts.push({ offset, size });
    file.oldEnd = offset + size;
  }

  /**
   * The small pieces of the old version that stand where pieces are missing: up to the next one
   * that is there, or about as much as is missing.
   */
  async #tellGap(file: Rebuilt, count: number, next: number | undefined, isText: boolean): Promise<GapMacs> {
    const from = file.oldEnd;
    const about = from + (count + 1) * file.rule.averageBytes;
    const end = Math.min(next !== undefined && next >= from ? next : about, file.oldBytes);
    const told = Math.min(end - from, maxGapBytes(count, file.rule));
    const room = this.#kernel.buffer.subarray(0, Math.max(0, told)); // it may have grown since it was planned
    const length = await this.#old.read(file.entry, from, room);
    const ends = this.#kernel.cut(smallPieceRule(isText), length, true).slice();
    file.parts.push({ starts: Float64Array.of(from, ...Array.from(ends, (end) => from + end)) });
    const macs = ends.length > 0 ? this.#kernel.macs(ends) : new Uint8Array();
    return { count: ends.length, macs: shortMacs(macs, gapMacBytes(ends.length)) };
  }

  async #putUpToGap(file: Rebuilt): Promise<Float64Array> {
    for (;;) {
      const part = file.parts.shift();
      if (part === undefined) throw new SyncError("INTERNAL", "a run without its gap");
      if ("starts" in part) return part.starts;
      await this.#output.copy(file, part.offset, part.size);
    }
  }

  #required(entry: number): Rebuilt {
    const file = this.#files.get(entry);
    if (file) return file;
    throw new SyncError("INTERNAL", "a file that is not made of pieces");
  }
}

/** The lengths of both versions of a file. */
export interface VersionSizes {
  readonly newBytes: number;
  readonly oldBytes: number;
}
