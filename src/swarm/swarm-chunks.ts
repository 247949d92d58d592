import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { type Carrier, type ClaimedChunks, RelayChunks } from "../relay/relay-chunks.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { homeOf, type Member } from "./home.ts";
import type { ExchangedChunks, PeerLink } from "./peer-link.ts";

/**
 * The chunks of one peer of a swarm: a chunk whose home is another peer is asked for there, not of
 * the sender.
 */
export class SwarmChunks implements ClaimedChunks, ExchangedChunks {
  /** What is here and on its way. */
  readonly relayed: RelayChunks;
  readonly #self: Member;
  readonly #peers = new Set<PeerLink>();

  /**
   * @param store it belongs to the peer, which closes it
   * @param id names the peer, 16 bytes
   */
  constructor(store: Store, id: Bytes) {
    this.relayed = new RelayChunks(store);
    this.#self = { id };
  }

  /** Peers that are there now. */
  get peers(): ReadonlySet<PeerLink> {
    return this.#peers;
  }

  /** From now on this peer is asked. */
  add(peer: PeerLink): void {
    this.#peers.add(peer);
  }

  /** The peer is gone: what it had to bring is wanted again. */
  remove(peer: PeerLink): void {
    this.#peers.delete(peer);
    this.relayed.release(peer);
  }

  has(id: ChunkId): boolean {
    return this.relayed.has(id);
  }

  held(maxCount: number): ChunkId[] {
    return this.relayed.list(maxCount);
  }

  get(id: ChunkId, options: AbortOptions): Promise<Chunk> {
    return this.relayed.get(id, options);
  }

  /**
   * True when the chunk is here or on its way, which it is as soon as another peer has it or is its
   * home.
   */
  async claim(id: ChunkId, carrier: Carrier, options: AbortOptions): Promise<boolean> {
    const peer = this.#findPeer(id);
    if (await this.relayed.claim(id, peer ?? carrier, options)) return true;
    if (!peer) return false;
    if (this.#peers.has(peer)) {
      peer.want(id);
      return true;
    }
    this.relayed.release(peer); // it left while we looked
    return this.claim(id, carrier, options);
  }

  async put(chunk: Chunk): Promise<void> {
    await this.relayed.put(chunk);
    for (const peer of this.#peers) peer.arrived(chunk.id);
  }

  release(carrier: Carrier): number {
    return this.relayed.release(carrier);
  }

  /** Who is to be asked in place of the sender. */
  #findPeer(id: ChunkId): PeerLink | undefined {
    const holders = [...this.#peers].filter((peer) => peer.holds(id));
    if (holders.length > 0) return homeOf(id, holders);
    const home = homeOf<Member>(id, [this.#self, ...this.#peers]);
    return home === this.#self ? undefined : (home as PeerLink);
  }
}
