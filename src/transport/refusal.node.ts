import type { IncomingMessage, ServerResponse } from "node:http";
import { toSyncError } from "../errors.ts";
import { refusalOf } from "./refusal.ts";

/** The head of a refusal, for its status. */
export function refusalHeaders(status: number): Record<string, string> {
  return {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    Connection: "close",
    ...(status === 401 && { "WWW-Authenticate": "Bearer" }),
    ...(status === 503 && { "Retry-After": "5" }),
  };
}

/** Answers a request that is not carried out (docs/http.md); one that was answered already breaks off. */
export function sendRefusal(thrown: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return void request.socket.destroy();
  const { status, body } = refusalOf(toSyncError(thrown));
  response.writeHead(status, { ...refusalHeaders(status), "Content-Length": Buffer.byteLength(body) });
  response.end(body);
  request.resume(); // unread, it would cost the client our answer
}
