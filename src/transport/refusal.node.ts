import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex as NodeDuplex } from "node:stream";
import { type SyncError, toSyncError } from "../errors.ts";
import { formatError, refusalOf } from "./refusal.ts";

/** Milliseconds that a client has to take a refusal that its socket has no room for. */
const refusalMs = 1000;

/**
 * Answers a request that is not carried out (docs/http.md); one that was answered already breaks
 * off.
 */
export function sendRefusal(thrown: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return void request.socket.destroy();
  const { status, body } = refusalOf(toSyncError(thrown));
  response.writeHead(status, headersOf(status, body, request));
  response.end(body); // the connection closes behind it, whatever the client is still sending
}

/** Refuses an upgrade, or what is no request at all: the socket is all there is. */
export function refuseSocket(error: SyncError, socket: NodeDuplex, request?: IncomingMessage): void {
  const { status, body } = refusalOf(error);
  endWith(socket, status, headersOf(status, body, request), body);
}

/** Refuses with a status of its own what no request came of. */
export function refuseNoise(status: number, { code, message }: SyncError, socket: NodeDuplex): void {
  const body = formatError(code, message);
  endWith(socket, status, headersOf(status, body), body);
}

function endWith(
  socket: NodeDuplex,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  if (socket.destroyed || !socket.writable) return void socket.destroy();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join("")}\r\n${body}`, () => socket.destroy());
  setTimeout(() => socket.destroy(), refusalMs).unref();
}

function headersOf(status: number, body: string, request?: IncomingMessage): Record<string, string> {
  return {
    "Content-Type": "application/json",
    "Content-Length": `${Buffer.byteLength(body)}`,
    "Cache-Control": "no-store",
    Connection: "close",
    ...(status === 401 && { "WWW-Authenticate": challengeTo(request) }),
    ...(status === 503 && { "Retry-After": "5" }),
  };
}

/** RFC 6750 §3: who showed a token hears that it is of no use. */
function challengeTo(request: IncomingMessage | undefined): string {
  const shown = /^bearer /i.test(request?.headers.authorization ?? "");
  return shown ? 'Bearer error="invalid_token"' : "Bearer";
}
