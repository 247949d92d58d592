import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { delay, type LineCount, type LineOptions, sumOf } from "./delay-line.ts";

/** A port here that leads far away. */
export interface FarPort {
  readonly port: number;
  /** Bytes that clients and servers have said so far. */
  readonly bytes: () => { readonly fromClients: number; readonly fromServer: number };
  close(): Promise<void>;
}

/** What connections to a port share. */
export interface FarPortOptions extends LineOptions {
  /** True when each connection has a line of its own; one line is all that there is otherwise. */
  readonly hasLines?: boolean;
}

/**
 * Makes a port of this machine reachable as if it were far away. A connection costs what it would
 * over such a line: the server hears of it after one way, and the client can say something after
 * both.
 *
 * @param port what the connections lead to, on loopback
 */
export async function openFarPort(
  port: number,
  { hasLines = false, ...options }: FarPortOptions,
): Promise<FarPort> {
  const counts = { fromClients: [] as LineCount[], fromServer: [] as LineCount[] };
  const sockets = new Set<Socket>();
  const there = hasLines ? options : { ...options, shared: { freeMs: 0 } };
  const back = hasLines ? options : { ...options, shared: { freeMs: 0 } };
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    const openMs = performance.now() + 2 * options.oneWayMs;
    keep(client);
    setTimeout(() => {
      const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      keep(far);
      counts.fromClients.push(delay(client, far, there, openMs));
      counts.fromServer.push(delay(far, client, back));
      breakWith(client, far);
      breakWith(far, client);
      client.resume();
    }, options.oneWayMs);
  });
  const keep = (socket: Socket): void => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
  };
  return {
    port: await listen(server),
    bytes: () => ({ fromClients: sumOf(counts.fromClients), fromServer: sumOf(counts.fromServer) }),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Listens on any free port of loopback, and says which. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** When one is gone whom the other still speaks to, that one goes, too. */
function breakWith(one: Socket, other: Socket): void {
  one.on("close", () => {
    if (!other.readableEnded) other.destroy();
  });
}
