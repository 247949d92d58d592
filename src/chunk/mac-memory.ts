import type { SubkeySource } from "./mac-subkeys.ts";
import { uhashKeys } from "./uhash-keys.ts";

/*
 * Where the kernel for pieces has its keys and its state; pieces-kernel.wat says what else lies
 * between.
 */

const nhKeyAt = 1024;
const wordsAt = 2112;
const wordBytes = 144;

/** Where there is room for the MAC of a file. */
export const fileMacAt = 3808;

/** Where the memory begins that is not the kernel's. */
export const macMemoryEnd = 3824;

/** Writes all keys to the memory of a kernel for pieces. */
export function writeMacKeys(memory: WebAssembly.Memory, subkeys: SubkeySource): void {
  const { nh, words } = uhashKeys(subkeys, 4);
  const view = new DataView(memory.buffer);
  for (const [i, number] of nh.entries()) view.setUint32(nhKeyAt + 4 * i, number, true);
  for (const [i, { short, long, inner, mask }] of words.entries()) {
    const at = wordsAt + wordBytes * i;
    for (const [j, digit] of [...short, ...long].entries()) view.setUint16(at + 2 * j, digit, true);
    for (const [j, number] of inner.entries()) view.setBigUint64(at + 24 + 8 * j, BigInt(number), true);
    view.setUint32(at + 88, mask, true);
  }
}
