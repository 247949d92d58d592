import { SyncError } from "../errors.ts";
import type { Connect } from "../session/reconnect.ts";
import type { SessionWish } from "../transport/session-request.ts";
import type { RemoteEndpoint, ServerEndpoint } from "./endpoint.node.ts";
import { remoteShell, type RemoteShellOptions } from "./remote-shell.node.ts";
import type { ServerOptions } from "./server-connector.node.ts";

/** How an end elsewhere is reached. */
export interface ConnectorOptions extends RemoteShellOptions, ServerOptions {
  /** Called before each connection is made, the first one included. */
  readonly onConnect?: () => void;
}

/**
 * How to connect to the other end of a session. What talks to servers is loaded when it is needed.
 *
 * @param wish what is wanted of it
 * @throws USAGE for options that do not go together
 */
export function connectorTo(
  there: RemoteEndpoint,
  wish: SessionWish,
  options: ConnectorOptions = {},
): Connect {
  if (options.turns === true && there.kind !== "http")
    throw new SyncError("USAGE", "--turns goes with a URL of http: or https:");
  const connect =
    there.kind === "ssh" ? remoteShell(there, wish, options) : loadServerConnector(there, wish, options);
  return (given) => {
    options.onConnect?.();
    return connect(given);
  };
}

function loadServerConnector(there: ServerEndpoint, wish: SessionWish, options: ServerOptions): Connect {
  let loading: Promise<Connect> | undefined;
  const load = async (): Promise<Connect> => {
    const { serverConnector } = await import("./server-connector.node.ts");
    return serverConnector(there, wish, options);
  };
  return async (given) => (await (loading ??= load()))(given);
}
