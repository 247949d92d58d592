import { SyncError } from "../errors.ts";
import { protocolVersion } from "../session/hello.ts";
import { helloNames, numbered } from "../session/hello-names.ts";
import { encodeTuple, Tuple } from "../session/tuple.ts";
import type { Bytes } from "../types.ts";
import { swarmLimits } from "./swarm-limits.ts";

/** How a peer of a swarm greets another. */
export interface PeerHello {
  /** What the swarm is about; peers of different swarms do not talk. */
  readonly swarm: string;
  /** Names the peer in its swarm, 16 bytes. */
  readonly id: Bytes;
  /** Chunks that it has by now, and is going to name. */
  readonly heldCount: number;
}

/** Bytes of a peer's id. */
export const peerIdBytes = 16;
const nonceBytes = 16;
const role: (typeof helloNames.role)[number] = "peer";

/** Encodes the HELLO of a peer (docs/protocol.md §12). */
export function encodePeerHello({ swarm, id, heldCount }: PeerHello): Bytes {
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  return encodeTuple([protocolVersion, numbered(helloNames.role, role), nonce, [], swarm, id, heldCount]);
}

/** @throws UNSUPPORTED for another version or an end that is no peer, LIMIT, BAD_MESSAGE */
export function decodePeerHello(payload: Bytes): PeerHello {
  const tuple = new Tuple(payload);
  const version = tuple.count();
  if (version !== protocolVersion) {
    throw new SyncError("UNSUPPORTED", `the peer speaks protocol version ${version}, not ${protocolVersion}`);
  }
  const found = tuple.oneOf(helloNames.role);
  if (found !== role) throw new SyncError("UNSUPPORTED", `the other end is a ${found}, no peer`);
  tuple.bytes(nonceBytes);
  tuple.texts();
  const swarm = tuple.text();
  if (swarm.length > swarmLimits.nameChars) throw new SyncError("LIMIT", "a swarm's name is too long");
  const id = tuple.bytes(peerIdBytes);
  const heldCount = tuple.count();
  const limit = swarmLimits.heldCount;
  if (heldCount > limit)
    throw new SyncError("LIMIT", `a peer has more than ${limit} chunks`, { detail: { limit } });
  return { swarm, id, heldCount };
}
