import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import type { OldVersions } from "../../../tree/target.ts";
import type { Bytes } from "../../../types.ts";

/** A file that is put together. */
interface Output {
  readonly entry: number;
  readonly newBytes: number;
}

/** Bytes of a new version that are put at once. */
const putBytes = 524_288;
const nothing = new Uint8Array(0);

/**
 * Puts new versions together from front to back, one file after another, and computes the MAC of
 * each on the way.
 */
export class RebuiltOutput {
  readonly #old: OldVersions;
  /** Its buffer holds what comes next. */
  readonly #kernel: PieceKernel;
  #file: Output | undefined;
  /** Bytes in the buffer, and those before them. */
  #fill = 0;
  #position = 0;
  /** True when the file cannot become right. */
  #isWrong = false;

  constructor(old: OldVersions, kernel: PieceKernel) {
    this.#old = old;
    this.#kernel = kernel;
  }

  /** Adds bytes that came. */
  async append(file: Output, bytes: Bytes): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const room = await this.#room(file, bytes.length - at);
      if (room.length === 0) return;
      room.set(bytes.subarray(at, at + room.length));
      at += room.length;
    }
  }

  /** Adds a part of the old version. */
  async copy(file: Output, offset: number, size: number): Promise<void> {
    for (let at = 0; at < size;) {
      const room = await this.#room(file, size - at);
      if (room.length === 0) return;
      const count = await this.#old.read(file.entry, offset + at, room);
      if (count < room.length) this.#isWrong = true; // it got shorter meanwhile
      at += room.length;
    }
  }

  /** Puts the rest. Returns the file's MAC; no bytes when it cannot be right. */
  async finish(file: Output): Promise<Bytes> {
    this.#open(file);
    await this.#put(file);
    const mac = this.#kernel.digest();
    const isRight = !this.#isWrong && this.#position === file.newBytes;
    this.#file = undefined;
    return isRight ? mac : nothing;
  }

  /** Forgets a file. */
  drop(file: Output): void {
    if (this.#file === file) this.#reset();
  }

  /** Room for the next bytes, as many as fit; none for what would make the file too long. */
  async #room(file: Output, length: number): Promise<Bytes> {
    this.#open(file);
    if (this.#fill === putBytes) await this.#put(file);
    const count = Math.min(length, putBytes - this.#fill);
    if (this.#position + this.#fill + length > file.newBytes) this.#isWrong = true;
    if (this.#isWrong) return nothing;
    this.#fill += count;
    return this.#kernel.buffer.subarray(this.#fill - count, this.#fill);
  }

  #open(file: Output): void {
    if (this.#file === file) return;
    this.#reset();
    this.#file = file;
  }

  async #put({ entry }: Output): Promise<void> {
    const fill = this.#fill;
    this.#fill = 0;
    if (fill === 0 || this.#isWrong) return;
    this.#kernel.update(0, fill);
    await this.#old.put(entry, this.#position, this.#kernel.buffer.subarray(0, fill));
    this.#position += fill;
  }

  #reset(): void {
    this.#kernel.digest();
    this.#file = undefined;
    this.#fill = 0;
    this.#position = 0;
    this.#isWrong = false;
  }
}
