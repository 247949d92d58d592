import type { IncomingMessage } from "node:http";
import { SyncError } from "../errors.ts";

/** Headers that say one thing: of two, each program on the way might believe another. */
const singular = new Set([
  "authorization",
  "content-length",
  "content-type",
  "expect",
  "host",
  "if-match",
  "origin",
  "rsync-stream-end",
  "sec-websocket-key",
  "sec-websocket-version",
  "transfer-encoding",
  "upgrade",
]);

const hostPattern = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Checks that a request means the same to everybody who reads it (RFC 9112 §3.2, §6), and takes the
 * host out of a target that names it.
 *
 * @throws BAD_MESSAGE for two headers where one counts, a host that is none or differs from the
 *   target's, a body in another coding than `chunked`
 */
export function checkHead(request: IncomingMessage): void {
  checkOnce(request.rawHeaders);
  const { host, "transfer-encoding": coding } = request.headers;
  if (coding !== undefined && coding.toLowerCase() !== "chunked")
    throw bad("a body comes as it is, or chunked");
  if (coding !== undefined && request.headers["content-length"] !== undefined)
    throw bad("a body has a length or comes chunked, not both");
  if (host === undefined ? request.httpVersion !== "1.0" : !hostPattern.test(host))
    throw bad("a request names its host, and that alone, in Host");
  request.url = pathIn(request.url ?? "", host);
}

function checkOnce(rawHeaders: readonly string[]): void {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!singular.has(name)) continue;
    if (seen.has(name)) throw bad(`a request has one ${name} header at most`);
    seen.add(name);
  }
}

/** The path and query of a target, which may be a whole URL. */
function pathIn(target: string, host: string | undefined): string {
  if (target.includes("#")) throw bad("a request has no fragment");
  if (target.startsWith("/")) return target;
  const [, authority, path] = /^https?:\/\/([^/?]+)(\/.*)?$/i.exec(target) ?? [];
  if (authority === undefined) throw bad("a request asks for a path");
  if (authority.toLowerCase() !== host?.toLowerCase()) throw bad("the target and Host name different hosts");
  return path ?? "/";
}

/** True for a request that brings a body, or says that it will. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

/**
 * @param elsewhere a path below which bodies are taken
 * @throws BAD_MESSAGE for a request that brings a body where none is taken
 */
export function checkNoBody(request: IncomingMessage, elsewhere?: string): void {
  const where = elsewhere === undefined ? "" : `, but below ${elsewhere}`;
  if (hasBody(request)) throw bad(`no body is taken at this path${where}`);
}

function bad(message: string): SyncError {
  return new SyncError("BAD_MESSAGE", message);
}

/** Who may take the further turns of a session: who opened it, there and with the same token. */
export function ownerOf({ url = "", headers }: IncomingMessage, name: string): string {
  return [url.slice(0, url.indexOf("?")), name, headers.authorization ?? ""].join("\n");
}

/** The relays that a request came through. */
export function viaOf({ headers }: IncomingMessage): readonly string[] {
  const said = [headers["rsync-stream-via"] ?? []].flat().join(",");
  return said.split(",").flatMap((id) => id.trim() || []);
}
