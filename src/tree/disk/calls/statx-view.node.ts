import type { DeviceNumber } from "../../entry/entry.ts";
import { deviceOf, isDeviceMode, kindOfMode, partsOfDevice, typeOfKind } from "./file-kind.node.ts";
import type { FileStats } from "./file-stats.node.ts";

/** The words of 32 bits of struct statx of linux/stat.h, which is the same on every processor. */
export const statxRoomWords = 64;
/** Those up to the end of the last one that is shown. */
export const statxWords = 38;

/** The words that fields of it begin at: numbers of 64 bits and devices have 2, times have 3. */
const linkCountWord = 4;
const ownerWord = 5;
const groupWord = 6;
/** The type and the bits of the mode are the lower half. */
const modeWord = 7;
const inodeWord = 8;
const sizeWord = 10;
const accessWord = 16;
const birthWord = 20;
const ctimeWord = 24;
const mtimeWord = 28;
const rdevWord = 32;
const deviceWord = 34;
const mountWord = 36;

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
    return kindOfMode(this.words[this.at + modeWord]!);
  }

  get size(): number {
    return this.#long(sizeWord);
  }

  get mode(): number {
    return this.words[this.at + modeWord]! & modeBits;
  }

  get mtimeSec(): number {
    return this.#long(mtimeWord);
  }

  get mtimeNsec(): number {
    return this.words[this.at + mtimeWord + 2]!;
  }

  get ctimeSec(): number {
    return this.#long(ctimeWord);
  }

  get ctimeNsec(): number {
    return this.words[this.at + ctimeWord + 2]!;
  }

  get inode(): number {
    return this.#long(inodeWord);
  }

  get bornUsec(): number {
    return this.#long(birthWord) * 1_000_000 + Math.floor(this.words[this.at + birthWord + 2]! / 1000);
  }

  get device(): number {
    return deviceOf(this.words[this.at + deviceWord]!, this.words[this.at + deviceWord + 1]!);
  }

  get mount(): number {
    return this.#long(mountWord);
  }

  get owner(): number {
    return this.words[this.at + ownerWord]!;
  }

  get group(): number {
    return this.words[this.at + groupWord]!;
  }

  get accessSec(): number {
    return this.#long(accessWord);
  }

  get accessNsec(): number {
    return this.words[this.at + accessWord + 2]!;
  }

  get linkCount(): number {
    return this.words[this.at + linkCountWord]!;
  }

  get rdev(): DeviceNumber | undefined {
    const { at, words } = this;
    if (!isDeviceMode(words[at + modeWord]!)) return undefined;
    return { major: words[at + rdevWord]!, minor: words[at + rdevWord + 1]! };
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
    words[at + linkCountWord] = stats.linkCount;
    words[at + ownerWord] = stats.owner;
    words[at + groupWord] = stats.group;
    words[at + modeWord] = typeOfKind(stats.kind) | stats.mode;
    this.#writeLong(inodeWord, stats.inode);
    this.#writeLong(sizeWord, stats.size);
    this.#writeTime(accessWord, stats.accessSec, stats.accessNsec);
    const bornSec = Math.floor(stats.bornUsec / 1_000_000);
    this.#writeTime(birthWord, bornSec, (stats.bornUsec - bornSec * 1_000_000) * 1000);
    this.#writeTime(ctimeWord, stats.ctimeSec, stats.ctimeNsec);
    this.#writeTime(mtimeWord, stats.mtimeSec, stats.mtimeNsec);
    this.#writeDevice(rdevWord, stats.rdev ?? { major: 0, minor: 0 });
    this.#writeDevice(deviceWord, partsOfDevice(stats.device));
    this.#writeLong(mountWord, stats.mount);
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
