import { concatBytes } from "../bytes/compare.ts";
import { IdSet } from "../bytes/id-set.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import { decodeError } from "../session/closing.ts";
import type { Frame } from "../session/frame.ts";
import type { Link } from "../session/link.ts";
import { decodePeerHello, encodePeerHello, type PeerHello } from "./peer-hello.ts";
import { readIds } from "../session/id-list.ts";

/** What a peer says of itself: who it is, and what it has by now. */
export interface Greeting extends PeerHello {
  /**
   * The chunks that it has; those that share their first 8 bytes with one of them are taken for it.
   */
  readonly held: IdSet;
}

/** Ids in one HAVE frame. */
const batchCount = 8192;

/**
 * Greets a peer, which does the same: both talk at once, and both listen.
 *
 * @param held the chunks that are here, as many as the hello says
 * @throws what is wrong with the peer
 */
export async function exchangeGreetings(
  link: Link,
  frames: AsyncIterator<Frame>,
  hello: PeerHello,
  held: readonly ChunkId[],
): Promise<Greeting> {
  const saying = say(link, hello, held);
  saying.catch(() => {}); // what breaks it breaks the hearing too, which knows why
  const theirs = await hear(frames);
  await saying;
  return theirs;
}

async function say(link: Link, hello: PeerHello, held: readonly ChunkId[]): Promise<void> {
  await link.send("HELLO", encodePeerHello(hello), "none");
  for (let at = 0; at < held.length; at += batchCount) {
    await link.send("HAVE", concatBytes(held.slice(at, at + batchCount)), "none");
  }
}

async function hear(frames: AsyncIterator<Frame>): Promise<Greeting> {
  const hello = decodePeerHello(await hearOne(frames, "HELLO"));
  const held = new IdSet();
  for (let count = 0; count < hello.heldCount;) {
    const ids = readIds(await hearOne(frames, "HAVE"));
    count += ids.length;
    if (count > hello.heldCount) throw new SyncError("UNSOLICITED", "a peer has more than it said");
    for (const id of ids) held.add(id);
  }
  return { ...hello, held };
}

async function hearOne(frames: AsyncIterator<Frame>, type: "HELLO" | "HAVE"): Promise<Uint8Array> {
  for (;;) {
    const { value: frame, done } = await frames.next();
    if (done === true) throw new SyncError("PEER_GONE", "the peer left before it had greeted");
    if (frame.type === type) return frame.payload;
    if (frame.type === "ERROR") throw decodeError(frame.payload);
    if (frame.type !== "PING" || type === "HELLO")
      throw new SyncError("BAD_FRAME", `a peer does not greet with ${frame.type}`);
  }
}
