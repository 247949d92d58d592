import type { DeviceNumber } from "../../entry/entry.ts";
import { deviceOf, isDeviceMode, kindOfMode, partsOfDevice, typeOfKind } from "./file-kind.node.ts";
import type { FileStats } from "./file-stats.node.ts";

/** The words of 32 bits of struct statx (see statx(2)). */
export const statxRoomWords = 64;
/** Those up to the last one that is shown. */
export const statxWords = 38;

const wordValues = 2 ** 32;
const modeBits = 0o7777;

/**
 * Shows a struct statx(2) in an array of words, on systems that store the low byte first. It can be
 * moved on to another one: to look at many files takes no object for each.
 */
export class StatxView implements FileStats {
  /** The array, and where in it the struct begins. */
  words: Uint32Array;
  at: number;

  constructor(words: Uint32Array, at = 0) {
    this.words = words;
    this.at = at;
  }

  get kind(): FileStats["kind"] {
    return kindOfMode(this.words[this.at + 7]!);
  }

  get size(): number {
    return this.#long(10);
  }

  get mode(): number {
    return this.words[this.at + 7]! & modeBits;
  }

  get mtimeSec(): number {
    return this.#long(28);
  }

  get mtimeNsec(): number {
    return this.words[this.at + 30]!;
  }

  get ctimeSec(): number {
    return this.#long(24);
  }

  get ctimeNsec(): number {
    return this.words[this.at + 26]!;
  }

  get inode(): number {
    return this.#long(8);
  }

  get bornUsec(): number {
    return this.#long(20) * 1_000_000 + Math.floor(this.words[this.at + 22]! / 1000);
  }

  get device(): number {
    return deviceOf(this.words[this.at + 34]!, this.words[this.at + 35]!);
  }

  get mount(): number {
    return this.#long(36);
  }

  get owner(): number {
    return this.words[this.at + 5]!;
  }

  get group(): number {
    return this.words[this.at + 6]!;
  }

  get accessSec(): number {
    return this.#long(16);
  }

  get accessNsec(): number {
    return this.words[this.at + 18]!;
  }

  get linkCount(): number {
    return this.words[this.at + 4]!;
  }

  get rdev(): DeviceNumber | undefined {
    const { at, words } = this;
    return isDeviceMode(words[at + 7]!) ? { major: words[at + 32]!, minor: words[at + 33]! } : undefined;
  }

  /** Returns what is shown as an object of its own. */
  copy(): FileStats {
    return {
      kind: this.kind,
      size: this.size,
      mode: this.mode,
      mtimeSec: this.mtimeSec,
      mtimeNsec: this.mtimeNsec,
      ctimeSec: this.ctimeSec,
      ctimeNsec: this.ctimeNsec,
      inode: this.inode,
      bornUsec: this.bornUsec,
      device: this.device,
      mount: this.mount,
      owner: this.owner,
      group: this.group,
      accessSec: this.accessSec,
      accessNsec: this.accessNsec,
      linkCount: this.linkCount,
      rdev: this.rdev,
    };
  }

  /** Shows from now on what another way to look at files found. Of fake owners nothing is kept. */
  write(stats: FileStats): void {
    const { at, words } = this;
    words[at + 4] = stats.linkCount;
    words[at + 5] = stats.owner;
    words[at + 6] = stats.group;
    words[at + 7] = typeOfKind(stats.kind) | stats.mode;
    this.#writeLong(8, stats.inode);
    this.#writeLong(10, stats.size);
    this.#writeTime(16, stats.accessSec, stats.accessNsec);
    const bornSec = Math.floor(stats.bornUsec / 1_000_000);
    this.#writeTime(20, bornSec, (stats.bornUsec - bornSec * 1_000_000) * 1000);
    this.#writeTime(24, stats.ctimeSec, stats.ctimeNsec);
    this.#writeTime(28, stats.mtimeSec, stats.mtimeNsec);
    this.#writeDevice(32, stats.rdev ?? { major: 0, minor: 0 });
    this.#writeDevice(34, partsOfDevice(stats.device));
    this.#writeLong(36, stats.mount);
  }

  /** A signed number of 64 bits, exact below 2^53. */
  #long(word: number): number {
    const from = this.at + word;
    return (this.words[from + 1]! | 0) * wordValues + this.words[from]!;
  }

  #writeLong(word: number, value: number): void {
    this.words[this.at + word] = value;
    this.words[this.at + word + 1] = Math.floor(value / wordValues);
  }

  #writeTime(word: number, sec: number, nsec: number): void {
    this.#writeLong(word, sec);
    this.words[this.at + word + 2] = nsec;
  }

  #writeDevice(word: number, { major, minor }: DeviceNumber): void {
    this.words[this.at + word] = major;
    this.words[this.at + word + 1] = minor;
  }
}
