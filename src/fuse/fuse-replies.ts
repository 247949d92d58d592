import type { Bytes } from "../types.ts";
import { fuseBytes, fuseVersion } from "./fuse-numbers.ts";

/** What is told of a node. */
export interface FuseAttributes {
  readonly node: number;
  /** Type and permissions. */
  readonly mode: number;
  readonly sizeBytes: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  /** Seconds since 1970, and the nanoseconds behind them. */
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  /** Numbers of a device, in the form of Linux. */
  readonly device: number;
}

/** What is told of a file system. */
export interface FuseStatistics {
  readonly sizeBytes: number;
  readonly entryCount: number;
}

/** What is agreed upon at the start. */
export interface FuseAgreement {
  readonly readAheadBytes: number;
  readonly flags: number;
  readonly maxPageCount: number;
}

/** What a file system says never changes, so the kernel need not ask again: 68 years. */
const validSec = 0x7fff_ffff;

const blockBytes = 512;
const maxNameBytes = 255;
/** What reads should be in units of. */
const preferredBytes = 131_072;
const pageBytes = 4096;

/** What stands in front of an answer of so many bytes. @param errno 0 when all went well */
export function encodeReplyHeader(unique: number, bodyBytes: number, errno = 0): Bytes {
  const view = viewOf(fuseBytes.replyHeader);
  view.setUint32(0, fuseBytes.replyHeader + bodyBytes, true);
  view.setInt32(4, -errno, true);
  setNumber(view, 8, unique);
  return bytesOf(view);
}

/** The answer to INIT. */
export function encodeInit({ readAheadBytes, flags, maxPageCount }: FuseAgreement): Bytes {
  const view = viewOf(64);
  view.setUint32(0, fuseVersion.major, true);
  view.setUint32(4, fuseVersion.minor, true);
  view.setUint32(8, readAheadBytes, true);
  view.setUint32(12, flags, true);
  view.setUint16(16, maxBackgroundCount, true);
  view.setUint16(18, (maxBackgroundCount * 3) / 4, true);
  view.setUint32(20, pageBytes, true); // of a write, of which there is none
  view.setUint32(24, 1, true); // times are in nanoseconds
  view.setUint16(28, maxPageCount, true);
  return bytesOf(view);
}

/** Requests that the kernel may have under way for nobody in particular, such as reads ahead. */
const maxBackgroundCount = 64;

/** The answer to LOOKUP. */
export function encodeEntry(attributes: FuseAttributes): Bytes {
  const view = viewOf(fuseBytes.entry);
  writeEntry(view, 0, attributes);
  return bytesOf(view);
}

/** The answer to GETATTR. */
export function encodeAttributes(attributes: FuseAttributes): Bytes {
  const view = viewOf(16 + fuseBytes.attributes);
  setNumber(view, 0, validSec);
  writeAttributes(view, 16, attributes);
  return bytesOf(view);
}

/** The answer to OPEN and OPENDIR. */
export function encodeOpen(flags: number): Bytes {
  const view = viewOf(16);
  view.setUint32(8, flags, true);
  return bytesOf(view);
}

/** The answer to STATFS. */
export function encodeStatistics({ sizeBytes, entryCount }: FuseStatistics): Bytes {
  const view = viewOf(80);
  setNumber(view, 0, Math.ceil(sizeBytes / pageBytes));
  setNumber(view, 24, entryCount);
  view.setUint32(40, pageBytes, true);
  view.setUint32(44, maxNameBytes, true);
  view.setUint32(48, pageBytes, true);
  return bytesOf(view);
}

/** The answer to GETXATTR and LISTXATTR that tells a size alone. */
export function encodeXattrSize(size: number): Bytes {
  const view = viewOf(8);
  view.setUint32(0, size, true);
  return bytesOf(view);
}

/** An entry of a directory, as an answer of READDIR or READDIRPLUS has it. */
export interface FuseDirent {
  readonly name: Bytes;
  readonly attributes: FuseAttributes;
  /** Where the listing goes on behind it. */
  readonly next: number;
  /** True for `.` and `..`, of which READDIRPLUS tells no more than READDIR. */
  readonly isDots?: boolean;
}

/** Puts an answer of READDIR or READDIRPLUS together, as far as there is room. */
export class DirentWriter {
  readonly #view: DataView;
  readonly #entryBytes: number;
  #at = 0;

  /** @param isPlus true for READDIRPLUS */
  constructor(size: number, isPlus: boolean) {
    this.#view = viewOf(size);
    this.#entryBytes = isPlus ? fuseBytes.entry : 0;
  }

  /** False when there is no room for it. */
  add({ name, attributes, next, isDots = false }: FuseDirent): boolean {
    const from = this.#at + this.#entryBytes;
    const end = from + ((fuseBytes.dirent + name.length + 7) & ~7);
    if (end > this.#view.byteLength) return false;
    if (this.#entryBytes > 0 && !isDots) writeEntry(this.#view, this.#at, attributes);
    setNumber(this.#view, from, attributes.node);
    setNumber(this.#view, from + 8, next);
    this.#view.setUint32(from + 16, name.length, true);
    this.#view.setUint32(from + 20, attributes.mode >>> 12, true);
    bytesOf(this.#view).set(name, from + fuseBytes.dirent);
    this.#at = end;
    return true;
  }

  /** What was written. */
  finish(): Bytes {
    return bytesOf(this.#view).subarray(0, this.#at);
  }
}

function writeEntry(view: DataView, at: number, attributes: FuseAttributes): void {
  setNumber(view, at, attributes.node);
  setNumber(view, at + 16, validSec);
  setNumber(view, at + 24, validSec);
  writeAttributes(view, at + 40, attributes);
}

function writeAttributes(view: DataView, at: number, attributes: FuseAttributes): void {
  const { node, mode, sizeBytes, uid, gid, linkCount, mtimeSec, mtimeNsec, device } = attributes;
  setNumber(view, at, node);
  setNumber(view, at + 8, sizeBytes);
  setNumber(view, at + 16, Math.ceil(sizeBytes / blockBytes));
  for (const to of [24, 32, 40]) view.setBigInt64(at + to, BigInt(mtimeSec), true);
  for (const to of [48, 52, 56]) view.setUint32(at + to, mtimeNsec, true);
  view.setUint32(at + 60, mode, true);
  view.setUint32(at + 64, linkCount, true);
  view.setUint32(at + 68, uid, true);
  view.setUint32(at + 72, gid, true);
  view.setUint32(at + 76, device, true);
  view.setUint32(at + 80, preferredBytes, true);
}

/** Writes a number of 64 bits. */
function setNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function viewOf(size: number): DataView {
  return new DataView(new ArrayBuffer(size));
}

function bytesOf(view: DataView): Bytes {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
