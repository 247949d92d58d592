import type { Bytes } from "../types.ts";
import { viewOf } from "./words.ts";

/*
 * SipHash-2-4 by the key of casync. A word of 64 bits is two numbers of 32 here, low half first:
 * big integers would take many times as long.
 */

/** The four words that the key makes of the constants of SipHash, in halves. */
const start = startOf([0x8574442b0f1d84b3n, 0x2736ed30d1c22ec1n]);

function startOf([k0, k1]: readonly [bigint, bigint]): Int32Array {
  const words = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  return Int32Array.from(words.flatMap((word) => [Number(word & 0xffffffffn), Number(word >> 32n)]));
}

/** The hash by which a name is looked up in a directory of an archive. */
export function hashName(name: Bytes): bigint {
  const v = start.slice();
  const view = viewOf(name);
  const whole = name.length & ~7;
  for (let at = 0; at < whole; at += 8) take(v, view.getInt32(at, true), view.getInt32(at + 4, true));
  const last = [0, name.length << 24];
  for (let i = 0; i < name.length - whole; i++) last[i >>> 2]! |= name[whole + i]! << (8 * (i & 3));
  take(v, last[0]!, last[1]!);
  v[4]! ^= 0xff;
  for (let i = 0; i < 4; i++) round(v);
  const low = (v[0]! ^ v[2]! ^ v[4]! ^ v[6]!) >>> 0;
  const high = (v[1]! ^ v[3]! ^ v[5]! ^ v[7]!) >>> 0;
  return (BigInt(high) << 32n) | BigInt(low);
}

function take(v: Int32Array, low: number, high: number): void {
  v[6]! ^= low;
  v[7]! ^= high;
  round(v);
  round(v);
  v[0]! ^= low;
  v[1]! ^= high;
}

function round(v: Int32Array): void {
  add(v, 0, 2);
  turn(v, 2, 13, 0);
  turnHalf(v, 0);
  add(v, 4, 6);
  turn(v, 6, 16, 4);
  add(v, 0, 6);
  turn(v, 6, 21, 0);
  add(v, 4, 2);
  turn(v, 2, 17, 4);
  turnHalf(v, 4);
}

/** Adds one word to another. */
function add(v: Int32Array, to: number, from: number): void {
  const low = (v[to]! >>> 0) + (v[from]! >>> 0);
  v[to + 1] = v[to + 1]! + v[from + 1]! + (low > 0xffffffff ? 1 : 0);
  v[to] = low;
}

/** Rotates a word to the left by less than 32, then takes another into it by XOR. */
function turn(v: Int32Array, at: number, bits: number, other: number): void {
  const low = v[at]!;
  const high = v[at + 1]!;
  v[at] = ((low << bits) | (high >>> (32 - bits))) ^ v[other]!;
  v[at + 1] = ((high << bits) | (low >>> (32 - bits))) ^ v[other + 1]!;
}

/** Rotates a word by 32. */
function turnHalf(v: Int32Array, at: number): void {
  const low = v[at]!;
  v[at] = v[at + 1]!;
  v[at + 1] = low;
}
