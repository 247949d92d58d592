import { isSyncError } from "../errors.ts";
import type { Connect } from "../session/reconnect.ts";
import { connectTurns } from "../transport/http-turns.ts";
import { type SessionDirection, sessionSubprotocol, sessionUrl } from "../transport/session-request.ts";
import { connectWebSocket } from "../transport/websocket.ts";
import { fitsSubprotocol } from "./token.ts";

/**
 * Connects by WebSocket, and where none comes through by requests in turns. The latter also tell
 * why a server refuses, which browsers keep to themselves about a WebSocket.
 */
export function connectTo(url: string, direction: SessionDirection, token: string): Connect {
  const target = sessionUrl(url, direction);
  const protocols = [sessionSubprotocol, ...(token === "" ? [] : [`bearer.${token}`])];
  const headers: Record<string, string> = token === "" ? {} : { Authorization: `Bearer ${token}` };
  return async (options) => {
    if (!fitsSubprotocol(token)) return connectTurns(target, { ...options, headers });
    try {
      return await connectWebSocket(target.replace(/^http/, "ws"), { ...options, protocols });
    } catch (thrown) {
      if (!isSyncError(thrown, "PEER_GONE")) throw thrown;
      return connectTurns(target, { ...options, headers });
    }
  };
}

/** The URL of a place on the server that the page came from, whatever the prefix. */
export function urlOf(path: string, base: string): string {
  return new URL(path === "" ? "./" : `./${path.split("/").map(encodeURIComponent).join("/")}`, base).href;
}
