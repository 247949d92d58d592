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
  /**
   * Connections of a session; unless given one over a remote shell and in turns, and to a server as
   * many as make it faster, 8 at most.
   */
  readonly connectionCount?: number;
  /** Called when one of several connections breaks or cannot be made, and others go on. */
  readonly onLostConnection?: (error: SyncError) => void;
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
  const connect = connectorOf(there, wish, options);
  return (given) => {
    options.onConnect?.();
    return connect(given);
  };
}

function connectorOf(there: RemoteEndpoint, wish: SessionWish, options: ConnectorOptions): Connect {
  const { connectionCount, onLostConnection: onLost, turns = false } = options;
  const isSingle = turns || (there.kind === "ssh" && connectionCount === undefined);
  if (turns && connectionCount !== undefined && connectionCount > 1)
    throw new SyncError("USAGE", "a session in turns has one connection");
  if (isSingle || connectionCount === 1) return singleConnector(there, wish, options);
  return async (given) => {
    const { connectParallel } = await import("../transport/parallel/connect-parallel.ts");
    const connect = connectParallel(
      (part, abort) => singleConnector(there, { ...wish, part }, options)(abort),
      { connectionCount, onLost },
    );
    return connect(given);
  };
}

function singleConnector(there: RemoteEndpoint, wish: SessionWish, options: ConnectorOptions): Connect {
  return there.kind === "ssh" ? remoteShell(there, wish, options) : loadServerConnector(there, wish, options);
}

function loadServerConnector(there: ServerEndpoint, wish: SessionWish, options: ServerOptions): Connect {
  let loading: Promise<Connect> | undefined;
  const load = async (): Promise<Connect> => {
    const { serverConnector } = await import("./server-connector.node.ts");
    return serverConnector(there, wish, options);
  };
  return async (given) => (await (loading ??= load()))(given);
}
