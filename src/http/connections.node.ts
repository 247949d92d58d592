import type { Socket } from "node:net";
import { networkOf } from "./network.ts";

/** How many connections a server has. */
export interface ConnectionLimits {
  /** In all. */
  readonly connectionCount: number;
  /** From one network. */
  readonly perNetworkCount: number;
  /** True for an address that speaks for many, and may have as many as there are. */
  readonly isProxy?: (address: string) => boolean;
}

interface Connection {
  readonly key: string;
  readonly socket: Socket;
  readonly network: Network;
  /** Requests under way that were let in. */
  heldCount: number;
}

interface Network {
  readonly name: string;
  count: number;
  /** Connections on which nothing is under way, the one that has been so for longest first. */
  readonly idle: Set<Connection>;
}

/**
 * The connections of a server. One on which nothing is under way that was let in makes room for a
 * new one: of the same network when that has all it may have, otherwise of the network that holds
 * most of them.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #connections = new Map<string, Connection>();
  readonly #networks = new Map<string, Network>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Connections that are open. */
  get count(): number {
    return this.#connections.size;
  }

  /** Takes in a connection, as it comes from the system; closes it when there is no room. */
  enter(socket: Socket): void {
    const key = keyOf(socket);
    const { remoteAddress = "" } = socket;
    const name = networkOf(remoteAddress);
    const network = this.#networks.get(name) ?? { name, count: 0, idle: new Set() };
    if (key === undefined || !this.#makeRoom(network, remoteAddress)) return void socket.destroy();
    const connection: Connection = { key, socket, network, heldCount: 0 };
    this.#connections.set(key, connection);
    this.#networks.set(name, network);
    network.count += 1;
    network.idle.add(connection);
    socket.once("close", () => this.#leave(connection));
  }

  /**
   * Something is under way that was let in: the connection stays.
   *
   * @param socket as a request has it, inside TLS too
   * @returns ends that; may be called twice
   */
  hold(socket: Socket): () => void {
    const key = keyOf(socket);
    const connection = key === undefined ? undefined : this.#connections.get(key);
    if (!connection) return () => {};
    const { network } = connection;
    connection.heldCount += 1;
    network.idle.delete(connection);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      connection.heldCount -= 1;
      if (connection.heldCount === 0 && !connection.socket.destroyed) network.idle.add(connection);
    };
  }

  #makeRoom(network: Network, address: string): boolean {
    const { connectionCount, perNetworkCount, isProxy } = this.#limits;
    if (network.count >= perNetworkCount && isProxy?.(address) !== true) return this.#displace(network);
    return this.#connections.size < connectionCount || this.#displace(this.#fullest());
  }

  /** The network with the most idle connections. */
  #fullest(): Network | undefined {
    let fullest: Network | undefined;
    for (const network of this.#networks.values()) {
      if (network.idle.size > (fullest?.idle.size ?? 0)) fullest = network;
    }
    return fullest;
  }

  #displace(network: Network | undefined): boolean {
    const [oldest] = network?.idle ?? [];
    if (!oldest) return false;
    this.#leave(oldest);
    oldest.socket.destroy();
    return true;
  }

  #leave(connection: Connection): void {
    const { key, network } = connection;
    if (this.#connections.get(key) !== connection) return;
    network.idle.delete(connection);
    this.#connections.delete(key);
    network.count -= 1;
    if (network.count === 0) this.#networks.delete(network.name);
  }
}

/**
 * Names a connection by its two ends; undefined once it is gone. A socket inside TLS has the same
 * name as the one around it.
 */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
