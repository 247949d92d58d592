import { compareBytes } from "../bytes/compare.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { Bytes } from "../types.ts";

/** Who can be the home of a chunk. */
export interface Member {
  /** 16 bytes, random. */
  readonly id: Bytes;
}

/**
 * The member that is to fetch a chunk for all: the one that scores highest for it (rendezvous
 * hashing, Thaler and Ravishankar 1998). Members need not agree on who is there: as each knows
 * itself and scores are the same everywhere, no circle of members can wait for each other, and when
 * one leaves only its own chunks find a new home.
 *
 * @param members at least one
 */
export function homeOf<M extends Member>(chunk: ChunkId, members: Iterable<M>): M {
  let best: M | undefined;
  let bestScore = -1;
  for (const member of members) {
    const score = scoreOf(chunk, member.id);
    if (best && (score < bestScore || (score === bestScore && compareBytes(member.id, best.id) < 0)))
      continue;
    best = member;
    bestScore = score;
  }
  return best!;
}

/**
 * Mixes both ids' first words, which are random already, so that each order of the members is as
 * likely (MurmurHash3's last step).
 */
function scoreOf(chunk: ChunkId, member: Bytes): number {
  let mixed = word(chunk) ^ word(member);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function word(id: Bytes): number {
  return (id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!;
}
