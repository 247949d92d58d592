import { SyncError } from "../errors.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { WriteGate } from "./write-gate.ts";

/** How `duplexPair` is bounded. */
export interface DuplexPairOptions {
  /** Bytes that may be on the way in one direction before `write` waits; 1 MiB unless given. */
  readonly bufferBytes?: number;
}

/**
 * Two ends of a connection in memory: what one writes, the other reads, by reference and in the
 * same blocks. It holds `bufferBytes` and one block more in each direction at most. When one end
 * aborts, the other meets PEER_GONE.
 */
export function duplexPair(options: DuplexPairOptions = {}): [ChannelDuplex, ChannelDuplex] {
  const bufferBytes = options.bufferBytes ?? 1 << 20;
  const left = new MemoryEnd(bufferBytes);
  const right = new MemoryEnd(bufferBytes);
  left.peer = right;
  right.peer = left;
  return [duplexOf(left), duplexOf(right)];
}

class MemoryEnd implements ByteChannel {
  peer!: MemoryEnd;
  readonly #inbox: Inbox;
  readonly #gate = new WriteGate();

  constructor(bufferBytes: number) {
    this.#inbox = new Inbox({
      fullBytes: bufferBytes,
      onRoom: () => this.peer.#gate.open(),
      onLeave: (reason) => this.abort(reason),
    });
  }

  read(): AsyncIterable<Uint8Array> {
    return this.#inbox.read();
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#gate.enter();
    if (!this.peer.#inbox.push(bytes)) await this.#gate.wait();
  }

  async end(): Promise<void> {
    if (this.#gate.end()) this.peer.#inbox.end();
  }

  abort(reason: unknown): void {
    this.#inbox.abort(reason);
    this.#gate.break(reason);
    const gone = new SyncError("PEER_GONE", "the other end aborted", { cause: reason });
    this.peer.#inbox.fail(gone);
    this.peer.#gate.break(gone);
  }
}
