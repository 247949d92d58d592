import fs from "node:fs";
import { closingAfter, closingOnFailure } from "../../../bytes/closing.ts";
import type { Bytes } from "../../../types.ts";
import { type Alternative, linkTo } from "./alternatives.node.ts";
import { readFully, writeFully } from "../calls/file-cut.node.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { removeFile } from "../calls/remove-file.node.ts";
import type { IncomingTools } from "./incoming-tools.node.ts";
import { changedMeanwhile } from "./linked-files.node.ts";
import { firstMode } from "../facts/metadata.node.ts";
import type { OldContent } from "./old-content.node.ts";
import type { ContentAt } from "./places.node.ts";
import type { PlannedFile } from "./planned-files.node.ts";
import { newFlags } from "./put-file.node.ts";
import { blockBytes, writeDiffering, writeZeros } from "../calls/write-differing.node.ts";
import { isZero } from "../calls/zero.node.ts";
import { readFlags } from "../../../bytes/open-flags.node.ts";

/** Runs of zeros shorter than this are written: no file system makes a hole of them. */
const minHoleBytes = 4096;

/** Fewer bytes share no blocks unless they are known to be the same: to write them costs less. */
const leastSharedBytes = 16 * 1024;

/**
 * The content of a file on its way in: under a temporary name, or its own where nobody sees its
 * directory yet. Nothing is made before the first byte is to be written.
 *
 * Where the file system can, it begins by sharing the blocks of the old version, or of the file in
 * which some of it was found. Of what comes then, only blocks are written that differ from what is
 * in the new file by that: whatever becomes of the other one is of no account.
 */
export class NewContent {
  readonly #tools: IncomingTools;
  readonly #plan: PlannedFile;
  /** The number of the file among the places that content can be taken from. */
  readonly #place: number;
  readonly #old: OldContent | undefined;
  #temp: NameIn | undefined;
  /** True when `#temp` is its own name. */
  #hasName = false;
  #mayShare: boolean;
  /** Where what it shared ends: before that, anything may be in it. */
  #sharedEnd = 0;
  /** Where what was put ends. */
  #putEnd = 0;
  /** Where the file ends, about: what was put there may be a hole. */
  #writtenEnd = 0;

  constructor(tools: IncomingTools, plan: PlannedFile, place: number, old: OldContent | undefined) {
    this.#tools = tools;
    this.#plan = plan;
    this.#place = place;
    this.#old = old;
    this.#mayShare = !tools.preallocates && plan.ranges?.isPart !== true;
  }

  /** Where it is; undefined as long as nothing is made. */
  get at(): NameIn | undefined {
    return this.#temp;
  }

  /** True when it was made under the file's own name. */
  get hasName(): boolean {
    return this.#hasName;
  }

  /**
   * Writes some of it, in any order. Zeros become holes.
   *
   * @param from where the same bytes are, where that is known
   */
  write(bytes: Bytes, offset: number, from?: ContentAt): void {
    const end = offset + bytes.length;
    const isZeros = isHole(bytes);
    if (!isZeros || offset < this.#sharedEnd) {
      const fd = this.#open();
      if (from && from.place !== this.#place && this.#nextBlock < end)
        this.#share(fd, from.place, from.offset - offset, this.#plan.size);
      if (isZeros) writeZeros(fd, bytes, offset);
      else this.#writeTo(fd, bytes, offset);
    }
    this.#putEnd = Math.max(this.#putEnd, end);
  }

  /** Writes all of it in one go, and sets the metadata. @param hasName true for its own name */
  writeWhole(bytes: Bytes, hasName: boolean): void {
    this.#hasName = hasName;
    const fd = this.#make();
    const write = (): void => {
      if (!isHole(bytes)) this.#writeTo(fd, bytes, 0);
      this.setMetadata(fd, this.#temp!);
    };
    closingAfter(write, () => fs.closeSync(fd));
    this.#setNamed();
  }

  /**
   * Takes what it and the old version begin with from that.
   *
   * @throws CHANGED when that is shorter by now
   */
  async beginAsOld(): Promise<void> {
    const { pause, writing } = this.#tools;
    const old = this.#old!;
    this.#open();
    const temp = this.#temp!;
    const isShared = this.#sharedEnd > 0;
    const end = isShared ? this.#sharedEnd : await old.copyTo(() => writing.get(temp), pause);
    if (end === undefined || (isShared && end < old.sameBytes)) throw changedMeanwhile(this.#plan);
    this.#writtenEnd = end;
    this.#putEnd = old.sameBytes;
  }

  /** Makes it one with a file in another directory. Returns false where that cannot be. */
  beLinkTo(alternative: Alternative): boolean {
    const { held, staging } = this.#tools;
    const temp = staging.newName(this.#plan.dir, this.#plan.name);
    if (!linkTo(alternative, held, temp)) return false;
    this.#temp = temp;
    return true;
  }

  /** Reads it whole; undefined where nothing is made. */
  read(): Bytes | undefined {
    if (this.#temp === undefined) return undefined;
    const fd = this.#tools.held.open(this.#temp.dir, this.#temp.name, readFlags);
    const bytes = new Uint8Array(this.#plan.size);
    return closingAfter(
      () => bytes.subarray(0, readFully(fd, bytes, 0)),
      () => fs.closeSync(fd),
    );
  }

  /** What was written is wrong. */
  restart(): void {
    if (this.#temp !== undefined) fs.ftruncateSync(this.#tools.writing.get(this.#temp), 0);
    this.#mayShare = false;
    this.#sharedEnd = 0;
    this.#putEnd = 0;
    this.#writtenEnd = 0;
  }

  /** All was written: sets the metadata, and closes it. */
  finish(): void {
    this.setMetadata(this.#open(), this.#temp!);
    this.#tools.writing.drop(this.#temp!);
    this.#setNamed();
  }

  /** A range of it was written, which somebody else completes. */
  finishPart(): void {
    if (this.#tools.durable) fs.fsyncSync(this.#open());
    this.leavePart();
  }

  /** Closes what others may write a range of as well. */
  leavePart(): void {
    if (this.#temp !== undefined) this.#tools.writing.drop(this.#temp);
    this.#temp = undefined;
  }

  /** Sets the length and the metadata of it, or of a copy. */
  setMetadata(fd: number, at: NameIn): void {
    const { durable, held, metadata } = this.#tools;
    if (this.#writtenEnd < this.#plan.size) fs.ftruncateSync(fd, this.#plan.size);
    metadata.in(at.dir).setHandle(held, at, fd, this.#plan);
    if (durable) fs.fsyncSync(fd);
  }

  /** It has got its name. */
  settle(): void {
    this.#temp = undefined;
  }

  /** Takes its own name from it; what cannot be moved is removed. */
  withdraw(): void {
    if (!this.#hasName || this.#temp === undefined) return;
    const { held, places, staging, writing } = this.#tools;
    const own = this.#temp;
    const temp = staging.newName(own.dir, own.name);
    this.#hasName = false;
    try {
      held.rename(own.dir, own.name, temp.dir, temp.name);
    } catch (thrown) {
      if (!isErrno(thrown)) throw thrown;
      writing.drop(own);
      this.#temp = undefined;
      return removeFile(held, own);
    }
    this.#temp = temp;
    places.move(this.#place, temp);
  }

  /** Gives it up; it stays readable. @param others takes its name */
  leave(others: NameIn[]): void {
    this.withdraw();
    if (this.#temp === undefined) return;
    const { places, writing } = this.#tools;
    writing.drop(this.#temp);
    places.move(this.#place, this.#temp);
    others.push(this.#temp);
    this.#temp = undefined;
  }

  #setNamed(): void {
    const { held, metadata } = this.#tools;
    metadata.in(this.#plan.dir).setNamed(held, this.#temp!, this.#plan);
  }

  #open(): number {
    const { places, writing } = this.#tools;
    if (this.#temp !== undefined) return writing.get(this.#temp);
    const fd = this.#make();
    writing.add(this.#temp!, fd);
    places.move(this.#place, this.#temp!);
    if (this.#old) this.#share(fd, this.#old.place, 0, Math.min(this.#old.size, this.#plan.size));
    return fd;
  }

  /** The first block of which nothing was put. */
  get #nextBlock(): number {
    return Math.ceil(this.#putEnd / blockBytes) * blockBytes;
  }

  /**
   * Has what was not put yet share what another file has there, once.
   *
   * @param shift how much further the same lies in that file
   * @param end where the likeness ends, at the latest
   */
  #share(fd: number, place: number, shift: number, end: number): void {
    const at = this.#nextBlock;
    const leastBytes = this.#old !== undefined && this.#old.sameBytes > 0 ? 1 : leastSharedBytes;
    if (!this.#mayShare || shift % blockBytes !== 0 || at + shift < 0 || end - at < leastBytes) return;
    const to = { fd, dir: this.#temp!.dir, offset: at };
    if (!this.#tools.sharing.share({ place, offset: at + shift }, to)) return;
    this.#mayShare = false;
    const { size } = this.#plan;
    const fileEnd = fs.fstatSync(fd).size;
    if (fileEnd > size) fs.ftruncateSync(fd, size);
    this.#sharedEnd = Math.min(fileEnd, size);
    this.#writtenEnd = Math.max(this.#writtenEnd, this.#sharedEnd);
  }

  #make(): number {
    const { held, metadata, preallocates, staging } = this.#tools;
    const { dir, name, ranges, size } = this.#plan;
    if (ranges?.isPart === true) {
      this.#temp = ranges.content;
      return ranges.openContent(firstMode(this.#plan));
    }
    const temp = this.#hasName ? { dir, name } : staging.contentName(dir, name);
    const fd = held.open(temp.dir, temp.name, newFlags, firstMode(this.#plan));
    this.#temp = temp;
    if (preallocates && size > 0)
      closingOnFailure(
        () => metadata.in(dir).takeRoom(fd, size),
        () => fs.closeSync(fd),
      );
    return fd;
  }

  #writeTo(fd: number, bytes: Bytes, offset: number): void {
    if (offset < this.#sharedEnd) writeDiffering(fd, bytes, offset);
    else writeFully(fd, bytes, offset);
    this.#writtenEnd = Math.max(this.#writtenEnd, offset + bytes.length);
  }
}

function isHole(bytes: Bytes): boolean {
  return bytes.length >= minHoleBytes && isZero(bytes);
}
