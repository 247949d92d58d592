import { isSyncError, SyncError } from "../errors.ts";
import type { Connect } from "../session/reconnect.ts";
import { connectTurns } from "../transport/http-turns.ts";
import { errorOfRefusal } from "../transport/refusal.ts";
import { type SessionDirection, sessionSubprotocol, sessionUrl } from "../transport/session-request.ts";
import { connectWebSocket } from "../transport/websocket.ts";
import type { AbortOptions } from "../types.ts";
import { fitsSubprotocol } from "./token.ts";

/**
 * Connects by WebSocket, and where none comes through by requests in turns. Browsers keep to
 * themselves why a WebSocket was refused: whether the token will do is asked first, so that a wrong
 * one is shown once.
 */
export function connectTo(url: string, direction: SessionDirection, token: string): Connect {
  const target = sessionUrl(url, direction);
  const protocols = [sessionSubprotocol, ...(token === "" ? [] : [`bearer.${token}`])];
  const headers: Record<string, string> = token === "" ? {} : { Authorization: `Bearer ${token}` };
  return async (options) => {
    await checkAccess(target, headers, options);
    if (!fitsSubprotocol(token)) return connectTurns(target, { ...options, headers });
    try {
      return await connectWebSocket(target.replace(/^http/, "ws"), { ...options, protocols });
    } catch (thrown) {
      if (!isSyncError(thrown, "PEER_GONE")) throw thrown;
      return connectTurns(target, { ...options, headers });
    }
  };
}

/** @throws what the server refuses a session with, before one is asked for; PEER_GONE */
async function checkAccess(
  target: string,
  headers: Readonly<Record<string, string>>,
  { signal }: AbortOptions,
): Promise<void> {
  const init: RequestInit = { headers, redirect: "error", ...(signal && { signal }) };
  const response = await fetch(`${target}&view=access`, init).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new SyncError("PEER_GONE", "the server does not answer", { cause });
  });
  const body = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) throw errorOfRefusal(response.status, body);
}

/** The URL of a place on the server that the page came from, whatever the prefix. */
export function urlOf(path: string, base: string): string {
  return new URL(path === "" ? "./" : `./${path.split("/").map(encodeURIComponent).join("/")}`, base).href;
}
