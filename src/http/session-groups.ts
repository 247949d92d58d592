import { SyncError } from "../errors.ts";
import { type ChannelDuplex, channelOf, duplexOf } from "../transport/channel.ts";
import { ParallelChannel } from "../transport/parallel/parallel-channel.ts";
import type { GroupPart } from "../transport/session-request.ts";
import type { Duplex } from "../types.ts";

/** A session over a group of connections, and who may join it. */
interface Group {
  readonly channel: ParallelChannel;
  readonly owner: string;
}

/** The sessions of a server that go over several connections: docs/parallel.md. */
export class SessionGroups {
  readonly #groups = new Map<string, Group>();

  /**
   * Makes a group of the first connection of a session, until it is over.
   *
   * @param owner who holds the session, and what it is about
   * @throws BAD_MESSAGE when there is such a group
   */
  open({ group }: GroupPart, owner: string, first: Duplex): ChannelDuplex {
    if (this.#groups.has(group))
      throw new SyncError("BAD_MESSAGE", "the group of connections is there already");
    const channel = new ParallelChannel({ onOver: () => this.#groups.delete(group) });
    this.#groups.set(group, { channel, owner });
    channel.add(channelOf(first));
    return duplexOf(channel);
  }

  /**
   * Adds a connection to a session. A session of somebody else is as one that is not there.
   *
   * @param connect accepts the connection
   * @throws NOT_FOUND, LIMIT, and what `connect` does
   */
  async join({ group }: GroupPart, owner: string, connect: () => Promise<Duplex>): Promise<void> {
    const found = this.#groups.get(group);
    if (found?.owner !== owner) throw new SyncError("NOT_FOUND", "no such group of connections");
    found.channel.checkRoom();
    const duplex = await connect();
    try {
      found.channel.add(channelOf(duplex));
    } catch {
      // The session ended meanwhile; the connection was broken off.
    }
  }
}
