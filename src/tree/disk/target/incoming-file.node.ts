import type { ChunkId } from "../../../chunk/chunk.ts";
import { equalBytes } from "../../../bytes/compare.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { isTakenAsIs, linkTo } from "./alternatives.node.ts";
import { printPlace, type NameIn } from "../calls/dir-node.node.ts";
import type { FileRanges } from "./file-ranges.node.ts";
import type { IncomingTools } from "./incoming-tools.node.ts";
import { NewContent } from "./new-content.node.ts";
import { OldContent } from "./old-content.node.ts";
import type { ContentAt } from "./places.node.ts";
import type { PlannedFile } from "./planned-files.node.ts";
import type { Reference } from "./reference.node.ts";
import { putFile, putInto } from "./put-file.node.ts";
import { readFlags } from "../../../bytes/open-flags.node.ts";

/** Bytes of a file from which on what came of it is kept: less is sent again as soon. */
export const unfinishedBytes = 262_144;

/** A file up to this is compared when it has come and may be in another directory as well. */
const comparedBytes = 64 * 1024;

/**
 * One file on its way in.
 *
 * As long as all that comes equals the old version, nothing is written. From the first difference
 * on it is built under a temporary name, which `complete` changes into its own. A file that comes
 * whole is built under its own name where nobody sees its directory yet.
 */
export class IncomingFile {
  readonly plan: PlannedFile;
  /** Its number among the places that content can be taken from. */
  readonly place: number;
  readonly references: readonly Reference[];
  /** Bytes that may be cut from the references in search of its chunks. */
  aheadBytes = 0;
  readonly #tools: IncomingTools;
  readonly #old: OldContent | undefined;
  readonly #new: NewContent;
  #kept: Bytes | undefined;
  #placedBytes = 0;

  /**
   * @param references where to look for its chunks; the first is its old version when it has one
   */
  constructor(tools: IncomingTools, plan: PlannedFile, place: number, references: readonly Reference[]) {
    this.#tools = tools;
    this.plan = plan;
    this.place = place;
    this.references = references;
    const hasOld = plan.there?.kind === "file" || plan.basis !== undefined;
    this.#old = hasOld ? new OldContent(tools.places, references[0]!) : undefined;
    this.#new = new NewContent(tools, plan, place, this.#old);
  }

  /** True when the chunk is in the old version at the same place, as was all before it. */
  matchesOld(offset: number, id: ChunkId, size: number): boolean {
    return this.#old?.matches(offset, id, size) === true;
  }

  /** Bytes of the old version. */
  get oldBytes(): number {
    return this.#old?.size ?? 0;
  }

  /** Opens the old version for reading; the caller closes it. */
  openOld(): number {
    const { dir, name } = this.plan.basis ?? this.plan;
    return this.#tools.held.open(dir, name, readFlags);
  }

  /** Reads a part of the old version into the start of `into`. Returns the bytes there were. */
  readOld(offset: number, into: Bytes): number {
    return this.#old?.read(offset, into) ?? 0;
  }

  /** The old version has the same content. */
  keepOld(): void {
    this.#old!.keep(this.plan.size);
  }

  /** What was put is wrong. */
  restart(): void {
    this.#new.restart();
    this.#old?.leave();
    this.#placedBytes = 0;
  }

  /** True when all of it equals the old version, which stays in its place. */
  get isOld(): boolean {
    const { basis, isShared } = this.plan;
    return basis === undefined && !isShared && this.#equalsOld;
  }

  get #equalsOld(): boolean {
    const { size } = this.plan;
    return this.#new.at === undefined && this.#old?.size === size && this.#sameBytes === size;
  }

  /** Bytes at the start that equal the old version. */
  get #sameBytes(): number {
    return this.#old?.sameBytes ?? 0;
  }

  /** True when it equals what is in another directory, and is left to that. */
  get isLeftOut(): boolean {
    const { basis, there } = this.plan;
    return basis?.way === "compare" && !there && this.#equalsOld && isTakenAsIs(basis, this.plan);
  }

  /** A small file may have come although all of it is in another directory. */
  #compareReceived(): void {
    const { basis, size } = this.plan;
    if (!basis || basis.there.size !== size || size > comparedBytes || !isTakenAsIs(basis, this.plan)) return;
    const received = this.#kept ?? this.#new.read();
    const old = new Uint8Array(size);
    if (!received || this.readOld(0, old) < size || !equalBytes(old, received)) return;
    this.discard();
    this.keepOld();
  }

  /** Takes what is in another directory as it is, where it equals that. Returns false elsewhere. */
  takeBasis(): boolean {
    const { basis, dir, name, there } = this.plan;
    this.#compareReceived();
    const isLink = basis?.way === "link" && this.#equalsOld && isTakenAsIs(basis, this.plan);
    if (!this.isLeftOut && !isLink) return false;
    if (basis!.outcome !== "same") this.#checkBasis();
    if (!isLink) return true;
    if (!there) return linkTo(basis, this.#tools.held, { dir, name });
    this.#checkBefore();
    if (!this.#new.beLinkTo(basis)) return false;
    this.#rename();
    return true;
  }

  /**
   * True when `catchUp` has to come before `put`, and before `complete` unless all of it `isOld`.
   */
  get isBehind(): boolean {
    return this.#new.at === undefined && this.#sameBytes > 0;
  }

  /** Copies what equals the old version to where the rest will be put. */
  catchUp(): Promise<void> {
    return this.#new.beginAsOld();
  }

  /**
   * Puts a chunk in its place. The bytes are written, not kept.
   *
   * @param from where they were read, of those that are here
   */
  put(offset: number, bytes: Bytes, from?: ContentAt): void {
    this.#old?.leave();
    this.#placedBytes += bytes.length;
    this.#new.write(bytes, offset, from);
  }

  /** True for a file that `putWhole` may write, should it come whole. */
  get isUnseen(): boolean {
    const { basis, dir, there } = this.plan;
    return dir.aside !== undefined && !there && !basis && this.#new.at === undefined;
  }

  /** Writes a file that came whole under its own name. */
  putWhole(bytes: Bytes): void {
    this.#new.writeWhole(bytes, true);
  }

  /** Takes its name from a file that is not complete; one that cannot be moved is removed. */
  withdraw(): void {
    this.#new.withdraw();
  }

  /**
   * Takes a file that came whole; it is written when complete, or by `spill`. The bytes must not
   * change.
   */
  keep(bytes: Bytes): void {
    this.#old?.leave();
    this.#kept = bytes;
    this.#tools.places.keep(this.place, bytes);
  }

  /** Writes what is kept in memory. */
  spill(): void {
    const kept = this.#takeKept();
    if (kept) this.put(0, kept);
  }

  /**
   * Gives the file its metadata and its name.
   *
   * @throws TRUNCATED when some of it never came, CHANGED when somebody else changed the old one
   *   meanwhile
   */
  complete(): void {
    const { held, linkedFiles, metadata } = this.#tools;
    const { dir, name, there } = this.plan;
    const { isOld } = this;
    const kept = this.#takeKept();
    if (this.plan.ranges?.isPart === true) return this.#finishPart(this.plan.ranges);
    if (kept) this.#new.writeWhole(kept, false);
    else if (!isOld && !this.#new.hasName) this.#finish();
    this.#checkBefore();
    if (isOld) metadata.in(dir).setAt(held.nameAt(dir, name), there!, this.plan);
    else if (!this.#new.hasName) this.#rename();
    if (there) linkedFiles.note(there);
  }

  /**
   * Gives up the file; what came of it stays readable.
   *
   * @param mayComeAgain true to keep it for the next session, too
   */
  abandon(mayComeAgain: boolean): void {
    this.spill();
    const isKept = mayComeAgain && this.plan.size >= unfinishedBytes;
    this.#leave(isKept ? this.#tools.unfinished : this.#tools.abandoned);
  }

  /** Gives up the file, and what is kept in memory of it. */
  discard(): void {
    this.#leave(this.#tools.abandoned);
  }

  #leave(others: NameIn[]): void {
    this.#takeKept();
    if (this.plan.ranges?.isPart === true) this.#new.leavePart();
    else this.#new.leave(others);
  }

  /** What is kept in memory, which is from then on the caller's to write. */
  #takeKept(): Bytes | undefined {
    const kept = this.#kept;
    if (kept) this.#tools.places.keep(this.place, undefined);
    this.#kept = undefined;
    return kept;
  }

  #finish(): void {
    if (this.#sameBytes + this.#placedBytes !== this.plan.size) throw this.#partMissing();
    this.#checkBasis();
    this.#new.finish();
  }

  /** Leaves a range of the file to who completes it. */
  #finishPart(ranges: FileRanges): void {
    if (this.#placedBytes !== ranges.range.size) throw this.#partMissing();
    this.#new.finishPart();
    ranges.settlePart();
  }

  /**
   * Of what was taken from another directory, the beginning was hashed when it was cut. The session
   * itself gives such files further names, and changes nothing else of them.
   *
   * @throws CHANGED
   */
  #checkBasis(): void {
    const { basis, dir, name } = this.plan;
    if (!basis || this.#sameBytes === 0) return;
    const { held, there } = basis;
    const now = held.look(basis.dir, basis.name);
    const isUntouched =
      now?.kind === "file" &&
      now.size === there.size &&
      now.mtimeSec === there.mtimeSec &&
      now.mtimeNsec === there.mtimeNsec;
    if (!isUntouched)
      throw new SyncError("CHANGED", "what the file is made from changed meanwhile", {
        detail: { path: printPlace(dir, name) },
      });
  }

  #checkBefore(): void {
    const { there } = this.plan;
    const { held, linkedFiles } = this.#tools;
    if (there?.kind === "file") linkedFiles.checkUntouched(held, this.plan, there);
  }

  #rename(): void {
    const { backups, oldFiles, places, replacements } = this.#tools;
    const { dir, name, there } = this.plan;
    const temp = this.#new.at!;
    if (there && there.kind !== "dir") backups?.keep({ dir, name });
    if (there?.kind === "file") oldFiles?.keep(dir, name, there.size, this.place);
    const setMetadata = (fd: number, copy: NameIn): void => this.#new.setMetadata(fd, copy);
    const mayWriteInto = this.#tools.inPlace && !backups && !oldFiles && there?.kind === "file";
    if (mayWriteInto) {
      putInto(this.#tools, this.plan, temp, this.#tools.durable);
      places.settle(this.place);
    } else {
      const waiting = putFile(this.#tools, this.plan, temp, setMetadata);
      if (!waiting) places.settle(this.place);
      else {
        replacements.wait({ ...this.plan, kind: "file" }, waiting);
        places.move(this.place, waiting);
      }
    }
    this.#new.settle();
  }

  #partMissing(): SyncError {
    const path = printPlace(this.plan.dir, this.plan.name);
    return new SyncError("TRUNCATED", "a part never came", { detail: { path } });
  }
}
