import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";

/** Bytes of a block within a frame that we write: the least that a frame may have. */
export const frameBlockBytes = 65_536;
/** Bit of a block's length that says that it is not compressed. */
export const storedBit = 0x8000_0000;

const magic = 0x18_4d_22_04;
const descriptorAt = 4;
/** Version 1, and blocks that do not refer to each other. */
const versionFlags = 0x60;
const flag = { blockSums: 0x10, contentBytes: 0x08, contentSum: 0x04, reserved: 0x02, dictionary: 0x01 };
/** By how much a byte of LZ4 can grow. */
const mostGrowth = 255;

/** The head of a frame of LZ4 that tells how much content it has. */
export function frameHead(contentBytes: number): Bytes {
  const head = new Uint8Array(15);
  const view = new DataView(head.buffer);
  view.setUint32(0, magic, true);
  head.set([versionFlags | flag.contentBytes, 0x40], descriptorAt);
  view.setBigUint64(6, BigInt(contentBytes), true);
  head[14] = headSum(head.subarray(descriptorAt, 14));
  return head;
}

/**
 * Checks that bytes are one whole frame of LZ4 whose content cannot be longer than so much, before
 * any memory is taken for that.
 *
 * @throws BAD_MESSAGE
 */
export function checkFrame(frame: Bytes, mostBytes: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const { flags, blockBytes, headBytes } = readHead(frame, view, mostBytes);
  let at = headBytes;
  let most = 0;
  for (;;) {
    if (at + 4 > frame.length) throw bad("is cut short");
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const isStored = word >= storedBit;
    const length = isStored ? word - storedBit : word;
    if (length > blockBytes) throw bad("has a block that is too long");
    most += isStored ? length : Math.min(blockBytes, length * mostGrowth);
    if (most > mostBytes + blockBytes) throw bad("holds more than it may");
    at += length + (flags & flag.blockSums ? 4 : 0);
  }
  if (flags & flag.contentSum) at += 4;
  if (at !== frame.length) throw bad(at > frame.length ? "is cut short" : "has something behind it");
}

function readHead(
  frame: Bytes,
  view: DataView,
  mostBytes: number,
): { readonly flags: number; readonly blockBytes: number; readonly headBytes: number } {
  if (frame.length < 7 || view.getUint32(0, true) !== magic) throw bad("is none");
  const [flags, sizes] = [frame[descriptorAt]!, frame[descriptorAt + 1]!];
  const size = sizes >> 4;
  if (flags >> 6 !== 1 || flags & flag.reserved || sizes & 0x8f || size < 4)
    throw bad("is of another version");
  if (flags & flag.dictionary) throw bad("needs a dictionary");
  const sumAt = descriptorAt + (flags & flag.contentBytes ? 10 : 2);
  if (frame.length <= sumAt) throw bad("is cut short");
  if (frame[sumAt] !== headSum(frame.subarray(descriptorAt, sumAt))) throw bad("has a damaged head");
  if (flags & flag.contentBytes && view.getBigUint64(6, true) > BigInt(mostBytes))
    throw bad("holds more than it may");
  return { flags, blockBytes: 4 ** (size + 4), headBytes: sumAt + 1 };
}

const [prime1, prime2, prime3, prime4, prime5] = [
  0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1,
] as const;

/** The second byte of XXH32 over the descriptor of a frame, which is shorter than 16 bytes. */
function headSum(bytes: Bytes): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = (prime5 + bytes.length) | 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4)
    sum = Math.imul(turned(sum + Math.imul(view.getUint32(at, true), prime3), 17), prime4);
  for (; at < bytes.length; at++) sum = Math.imul(turned(sum + Math.imul(bytes[at]!, prime5), 11), prime1);
  sum = Math.imul(sum ^ (sum >>> 15), prime2);
  sum = Math.imul(sum ^ (sum >>> 13), prime3);
  return ((sum ^ (sum >>> 16)) >>> 8) & 0xff;
}

function turned(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function bad(what: string): SyncError {
  return new SyncError("BAD_MESSAGE", `a frame of LZ4 ${what}`);
}
