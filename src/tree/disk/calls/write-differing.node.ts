import type { Bytes } from "../../../types.ts";
import { readFully, writeFully } from "./file-cut.node.ts";
import { findLibc } from "./libc.node.ts";

/** Bytes that are written together when one of them differs: a block of most file systems. */
export const blockBytes = 4096;
/** Bytes that are compared in one step. */
const stepBytes = 1024 * 1024;

/** What is in the file, as far as it is compared. */
let room: Buffer | undefined;

/** Writes those blocks of some bytes that are not at their place in a file, open for both. */
export function writeDiffering(fd: number, wanted: Bytes, position: number): void {
  room ??= Buffer.alloc(stepBytes);
  for (let at = 0; at < wanted.length; at += stepBytes) {
    const step = wanted.subarray(at, at + stepBytes);
    const there = room.subarray(0, readFully(fd, room.subarray(0, step.length), position + at));
    for (const [from, to] of differingRuns(step, there, position + at))
      writeFully(fd, step.subarray(from, to), position + at + from);
  }
}

/** @param there as many as there are, which may be fewer */
function* differingRuns(wanted: Bytes, there: Buffer, position: number): Generator<[number, number]> {
  let from: number | undefined;
  for (let at = 0, end; at < wanted.length; at = end) {
    end = Math.min(wanted.length, at + blockBytes - ((position + at) % blockBytes));
    const isSame = end <= there.length && there.compare(wanted, at, end, at, end) === 0;
    if (!isSame) from ??= at;
    else if (from !== undefined) {
      yield [from, at];
      from = undefined;
    }
  }
  if (from !== undefined) yield [from, wanted.length];
}

/** Has part of a file be zeros, as a hole where the file system can. */
export function writeZeros(fd: number, zeros: Bytes, position: number): void {
  const isHole = findLibc()?.punch?.(fd, position, zeros.length) ?? false;
  if (!isHole) writeDiffering(fd, zeros, position);
}
