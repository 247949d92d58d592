import { SyncError } from "../errors.ts";
import type { Connect } from "../session/reconnect.ts";
import type { SessionWish } from "../transport/session-request.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";
import { remoteShell, type RemoteShellOptions } from "./remote-shell.node.ts";
import { serverConnector, type ServerOptions } from "./server-connector.node.ts";

/** How an end elsewhere is reached. */
export interface ConnectorOptions extends RemoteShellOptions, ServerOptions {}

/**
 * How to connect to the other end of a session.
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
  return there.kind === "ssh" ? remoteShell(there, wish, options) : serverConnector(there, wish, options);
}
