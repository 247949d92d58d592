import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { requestLimits } from "./requests.ts";

/** Where a server is, as a URL has it; a port is left out when it is the usual one. */
export interface ServerPlace {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

/**
 * Opens a connection with a server, which is there in time or not at all. Resolves when it is.
 *
 * @param tls how to talk to one of `https:`
 * @param connecting where the socket is until there is a connection, for who wants to end it
 */
export async function connectSocket<Made extends Socket>(
  { protocol, hostname, port }: ServerPlace,
  tls: ConnectionOptions,
  connecting?: Set<Socket>,
): Promise<Made> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const isSecure = protocol === "https:";
  const event = isSecure ? "secureConnect" : "connect";
  const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  const socket: Socket = isSecure
    ? connectTls({ host, port: Number(port || 443), ...name, ...tls })
    : connectPlain({ host, port: Number(port || 80), noDelay: true });
  limitConnecting(socket, event);
  connecting?.add(socket);
  for (const end of [event, "close"]) socket.once(end, () => connecting?.delete(socket));
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.once(event, () => resolve(socket as Made));
  });
}

/** Ends a socket that has no connection in time. Names are looked up within it, too. */
function limitConnecting(socket: Socket, event: "connect" | "secureConnect"): void {
  const { connectMs } = requestLimits;
  const late = (): void =>
    void socket.destroy(new Error(`there is no connection after ${connectMs / 1000} s`));
  const timer = setTimeout(late, connectMs);
  for (const end of [event, "close"]) socket.once(end, () => clearTimeout(timer));
}
