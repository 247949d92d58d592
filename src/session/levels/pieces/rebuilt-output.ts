import { equalBytes } from "../../../bytes/compare.ts";
import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import type { OldVersions } from "../../../tree/target.ts";
import type { Bytes } from "../../../types.ts";
import type { FilePart } from "./file-parts.ts";
import type { KeptVersions } from "./kept-versions.ts";
import { maxPartBytes } from "./piece-bounds.ts";

/** A file that is put together. */
interface Output {
  readonly entry: number;
}

/** Puts the parts of new versions together, one after another, and in place if they are right. */
export class RebuiltOutput {
  readonly #old: Pick<OldVersions, "put">;
  readonly #kept: KeptVersions;
  /** Its buffer holds the part that is put together. */
  readonly #kernel: PieceKernel;
  /** The file that the part is of. */
  #file: Output | undefined;
  #fill = 0;
  /** True when the part cannot become right. */
  #isWrong = false;

  constructor(old: Pick<OldVersions, "put">, kept: KeptVersions, kernel: PieceKernel) {
    this.#old = old;
    this.#kept = kept;
    this.#kernel = kernel;
  }

  /** Adds bytes that came. */
  append(file: Output, bytes: Bytes): void {
    this.#room(file, bytes.length)?.set(bytes);
  }

  /** Adds a stretch of the old version. */
  async copy(file: Output, offset: number, size: number): Promise<void> {
    const room = this.#room(file, size);
    if (room === undefined) return;
    const read = this.#kept.read(file.entry, offset, room);
    const count = typeof read === "number" ? read : await read;
    if (count < room.length) this.#isWrong = true; // it got shorter meanwhile
  }

  /** Puts the part in place, if it is right. Returns whether it is. */
  async finish(file: Output, { offset, bytes, mac }: FilePart): Promise<boolean> {
    this.#open(file);
    const isRight = !this.#isWrong && this.#fill === bytes && this.#hasMac(mac);
    this.#reset();
    if (isRight) await this.#old.put(file.entry, offset, this.#kernel.buffer.subarray(0, bytes));
    return isRight;
  }

  /** Forgets a file. */
  drop(file: Output): void {
    if (this.#file === file) this.#reset();
  }

  #hasMac(mac: Bytes): boolean {
    this.#kernel.update(0, this.#fill);
    return equalBytes(this.#kernel.digest(), mac);
  }

  /** Room for the next bytes; undefined where they would make the part longer than one can be. */
  #room(file: Output, length: number): Bytes | undefined {
    this.#open(file);
    if (this.#fill + length > maxPartBytes) this.#isWrong = true;
    if (this.#isWrong) return undefined;
    this.#fill += length;
    return this.#kernel.buffer.subarray(this.#fill - length, this.#fill);
  }

  #open(file: Output): void {
    if (this.#file === file) return;
    this.#reset();
    this.#file = file;
  }

  #reset(): void {
    this.#file = undefined;
    this.#fill = 0;
    this.#isWrong = false;
  }
}
