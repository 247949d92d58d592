import { closingInTheEnd } from "../bytes/closing.ts";
import { abortable } from "../bytes/abort.ts";
import { equalBytes } from "../bytes/compare.ts";
import { SyncError, isSyncError, toSyncError } from "../errors.ts";
import { receiveRecord } from "../relay/receive-record.ts";
import { relaySource } from "../relay/relay-source.ts";
import { relayTarget } from "../relay/relay-target.ts";
import { type Form, TreeRecord } from "../relay/record.ts";
import { createReceiver } from "../session/create-receiver.ts";
import { sessionTimes } from "../session/limits.ts";
import { Link } from "../session/link.ts";
import { type ReceiveOptions, type ReceiveSummary, receiveTree } from "../session/receive.ts";
import type { Connect, ReconnectOptions } from "../session/reconnect.ts";
import { sendTree } from "../session/send.ts";
import type { Store } from "../store/store.ts";
import { channelOf } from "../transport/channel.ts";
import { duplexPair } from "../transport/memory.ts";
import type { TreeSource } from "../tree/source.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { AbortOptions, Duplex } from "../types.ts";
import { peerIdBytes } from "./peer-hello.ts";
import { PeerLink } from "./peer-link.ts";
import { SwarmChunks } from "./swarm-chunks.ts";
import { swarmLimits, swarmTimes } from "./swarm-limits.ts";

/** How a peer of a swarm talks to the sender, and to the others. */
export interface SwarmPeerOptions extends Omit<
  ReceiveOptions & ReconnectOptions,
  "signal" | "onProgress" | "duplex"
> {
  /**
   * Connects to the sender; called once, and again when the connection breaks or a peer left that
   * had not delivered.
   */
  readonly connect: Connect;
  /**
   * Where chunks are kept: all that is in it can be asked for by peers who know its id. It must not
   * evict; the peer closes it.
   */
  readonly store: Store;
  /**
   * What the swarm is about: peers that name another swarm are refused. Up to 255 characters; empty
   * unless given.
   */
  readonly name?: string;
  /** A peer that was asked and delivers nothing for so long is left; 60 000 ms unless given. */
  readonly patienceMs?: number;
  /** Called when a peer was left, with the reason; one that went by itself is PEER_GONE. */
  readonly onLeave?: (error: SyncError) => void;
}

/** Where the content came from, and where it went. */
export interface SwarmStatus {
  /** Peers that are there now. */
  readonly peerCount: number;
  /** Bytes of chunks that the sender sent. */
  readonly fromSenderBytes: number;
  /** Bytes of chunks that peers sent. */
  readonly fromPeersBytes: number;
  /** Bytes of chunks that were sent to peers. */
  readonly toPeersBytes: number;
}

/** One of several receivers of the same tree that help each other. */
export interface SwarmPeer {
  readonly status: SwarmStatus;
  /**
   * Takes a connection to another peer, which does the same with its end; each pair of peers has
   * one. Resolves when they have greeted each other; from then on they exchange chunks. A peer that
   * breaks a rule, or leaves, does not disturb the others.
   *
   * @throws what is wrong with the peer; NOT_FOUND when it is of another swarm, STATE when it is
   *   joined already, LIMIT
   */
  join(duplex: Duplex, options?: AbortOptions): Promise<void>;
  /**
   * Receives the tree into a target, from the sender and the peers that have joined. Call it when
   * the first of them have; those that join later get what is here from here, and help with what
   * has not been asked for yet. The peer goes on helping others until it is closed.
   *
   * @throws what ends the session with the sender; CHANGED when the tree changed meanwhile; STATE
   *   when called twice
   */
  receive(target: TreeTarget, options?: AbortOptions): Promise<ReceiveSummary>;
  /** Leaves the sender and all peers. May be called twice. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A peer of a swarm: of the chunks that it misses it asks the sender for those that are its own
 * part, and the other peers for theirs, so that content leaves the sender about once, whatever the
 * number of peers (docs/relay.md).
 *
 * Every chunk is verified, whoever sent it. Entries and chunk lists come from the sender only.
 */
export function createSwarmPeer(options: SwarmPeerOptions): SwarmPeer {
  return new Peer(options);
}

class Peer implements SwarmPeer {
  readonly #options: SwarmPeerOptions;
  readonly #id = crypto.getRandomValues(new Uint8Array(peerIdBytes));
  readonly #record: TreeRecord;
  readonly #chunks: SwarmChunks;
  readonly #life = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  /** Peers that have not greeted yet. */
  readonly #newcomers = new Set<PeerLink>();
  readonly #runs = new Set<Promise<void>>();
  readonly #patienceMs: number;
  #fetching: Promise<void> | undefined;
  /** Bytes from and to peers that have left. */
  #past = { received: 0, sent: 0 };
  #closed: Promise<void> | undefined;

  constructor(options: SwarmPeerOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? swarmTimes.patienceMs;
    this.#chunks = new SwarmChunks(options.store, this.#id);
    this.#record = new TreeRecord();
    this.#timer = setInterval(() => this.#leaveIdlers(), this.#patienceMs / 4);
  }

  get status(): SwarmStatus {
    const peers = [...this.#chunks.peers];
    const received = peers.reduce((sum, peer) => sum + peer.receivedBytes, this.#past.received);
    return {
      peerCount: peers.length,
      fromSenderBytes: this.#chunks.relayed.receivedBytes - received,
      fromPeersBytes: received,
      toPeersBytes: peers.reduce((sum, peer) => sum + peer.sentBytes, this.#past.sent),
    };
  }

  async join(duplex: Duplex, { signal }: AbortOptions = {}): Promise<void> {
    const link = new Link(channelOf(duplex), { ...sessionTimes, ...this.#options });
    const peer = new PeerLink(link, this.#chunks);
    this.#newcomers.add(peer);
    try {
      const theirs = await abortable(peer.greet({ swarm: this.#options.name ?? "", id: this.#id }), signal);
      this.#admit(theirs.swarm, peer);
    } catch (thrown) {
      const error = toSyncError(thrown);
      await peer.leave(error);
      throw error;
    } finally {
      this.#newcomers.delete(peer);
    }
    const run = this.#exchange(peer, link);
    this.#runs.add(run);
    void run.then(() => this.#runs.delete(run));
  }

  async receive(target: TreeTarget, { signal }: AbortOptions = {}): Promise<ReceiveSummary> {
    if (this.#fetching || this.#closed) throw new SyncError("STATE", "a peer receives once");
    const session = (): Promise<number> => this.#fetchOnce();
    this.#fetching = receiveRecord(this.#record, this.#chunks.relayed, session, this.#life).then(
      () => this.#record.finish("complete"),
      (thrown: unknown) => this.#giveUp(toSyncError(thrown)),
    );
    const source = relaySource(this.#record, this.#chunks.relayed);
    const life = signal ? AbortSignal.any([this.#life.signal, signal]) : this.#life.signal;
    const receive = async (): Promise<ReceiveSummary> =>
      handOver(source, target, await this.#begun(life), life);
    return closingInTheEnd(
      () => closingInTheEnd(receive, () => source.close()),
      () => target.close(),
    );
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    const reason = new SyncError("ABORTED", "the peer leaves the swarm");
    this.#life.abort(reason);
    // Not by the signal: so many listeners to one are taken for a leak.
    for (const peer of [...this.#newcomers, ...this.#chunks.peers]) void peer.leave(reason);
    await Promise.all([...this.#runs]);
    await this.#fetching;
    await this.#chunks.relayed.close();
  }

  #admit(swarm: string, peer: PeerLink): void {
    if (this.#closed) throw new SyncError("STATE", "the peer is closed");
    if (swarm !== (this.#options.name ?? ""))
      throw new SyncError("NOT_FOUND", "the peer is of another swarm");
    const ids = [this.#id, ...[...this.#chunks.peers].map(({ id }) => id)];
    if (ids.some((id) => equalBytes(id, peer.id)))
      throw new SyncError("STATE", "the peer has joined already");
    const limit = swarmLimits.peerCount;
    if (ids.length > limit) throw new SyncError("LIMIT", `more than ${limit} peers`, { detail: { limit } });
    this.#chunks.add(peer);
  }

  /** Never rejects. */
  async #exchange(peer: PeerLink, link: Link): Promise<void> {
    let error = new SyncError("PEER_GONE", "the peer left the swarm");
    try {
      await peer.run();
    } catch (thrown) {
      error = toSyncError(thrown);
    }
    this.#chunks.remove(peer);
    this.#past.received += peer.receivedBytes;
    this.#past.sent += peer.sentBytes;
    if (!this.#life.signal.aborted) this.#options.onLeave?.(error);
    await peer.leave(error);
    link.close();
  }

  #leaveIdlers(): void {
    for (const peer of [...this.#newcomers, ...this.#chunks.peers]) {
      if (peer.quietMs < this.#patienceMs) continue;
      void peer.leave(new SyncError("STALLED", `the peer delivered nothing for ${this.#patienceMs} ms`));
    }
  }

  /** Who cannot fetch its own part must not keep the others waiting for it. */
  #giveUp(reason: SyncError): void {
    this.#record.finish(reason);
    for (const peer of this.#chunks.peers) void peer.leave(reason);
  }

  async #fetchOnce(): Promise<number> {
    let undelivered = 0;
    const openTarget = (): TreeTarget =>
      relayTarget(this.#record, this.#chunks, (count) => (undelivered = count));
    await createReceiver({ ...this.#options, openTarget, signal: this.#life.signal }).done;
    return undelivered;
  }

  async #begun(signal: AbortSignal): Promise<Form> {
    const record = this.#record;
    while (!record.form) {
      if (record.end !== undefined && record.end !== "complete") throw record.end;
      await record.signals.wait("tree", signal);
    }
    return record.form;
  }
}

/** A session in memory, which waits for as long as the tree takes to come. */
async function handOver(
  source: TreeSource,
  target: TreeTarget,
  form: Form,
  signal: AbortSignal,
): Promise<ReceiveSummary> {
  const [near, far] = duplexPair();
  const options = { helloMs: 0, stallMs: 0, keepAliveMs: 0, signal };
  const sending = sendTree(source, far, { ...options, ...form });
  const [sent, received] = await Promise.allSettled([sending, receiveTree(target, near, options)]);
  if (received.status === "fulfilled") return received.value;
  throw sent.status === "rejected" && isSyncError(received.reason) && received.reason.remote
    ? sent.reason
    : received.reason;
}
