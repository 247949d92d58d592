import { SyncError } from "../errors.ts";
import { hasOtherBytes, writeOtherBytes } from "../bytes/byte-text.ts";

/** A place here. */
interface LocalEndpoint {
  readonly kind: "local";
  readonly path: string;
}

/** A place that a remote shell leads to. */
export interface ShellEndpoint {
  readonly kind: "ssh";
  /** With the user in front, if one is named. */
  readonly host: string;
  readonly path: string;
}

/** What a server offers. */
export interface ServerEndpoint {
  readonly kind: "websocket" | "http";
  readonly url: string;
}

/** A place that has to be connected to. */
export type RemoteEndpoint = ShellEndpoint | ServerEndpoint;

/** Where a tree is found or put. */
export type Endpoint = LocalEndpoint | RemoteEndpoint;

const kindOfProtocol = {
  "ws:": "websocket",
  "wss:": "websocket",
  "http:": "http",
  "https:": "http",
} as const;

/**
 * Reads `PATH`, `[USER@]HOST:PATH` or a URL, telling them apart as rsync does: what has a `:`
 * before its first `/` names a host, and brackets around an address hide the colons in it.
 *
 * @throws USAGE for another kind of URL, one with a password or token in it, what means an rsync
 *   daemon, or a host that is none
 */
export function parseEndpoint(text: string): Endpoint {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return parseUrl(text);
  const [, user = "", address, name, path] =
    /^([^:/[]*@)?(?:\[([^\]/]+)\]|([^:/[]*)):(.*)$/s.exec(text) ?? [];
  if (path === undefined) return { kind: "local", path: text };
  if (path.startsWith(":")) throw new SyncError("USAGE", `${text} is for ${daemonHint}`);
  const host = address ?? name ?? "";
  if (
    host === "" ||
    user === "@" ||
    user.startsWith("-") ||
    /^-|\s/.test(host) ||
    hasOtherBytes(user + host)
  ) {
    throw new SyncError(
      "USAGE",
      `not a host: ${user}${host}; a file with a : in its name is written ./${text}`,
    );
  }
  return { kind: "ssh", host: user + host, path: path || "." };
}

/**
 * A URL in which bytes that are no UTF-8 are written as all others are that it cannot have as they
 * are.
 */
export function encodeOtherBytes(url: string): string {
  return writeOtherBytes(url, (byte) => `%${byte.toString(16).toUpperCase()}`);
}

const daemonHint =
  "an rsync daemon, which speaks another protocol; HOST:PATH goes over ssh, and a URL to what `serve` offers";

/** True for what names a bucket, or a prefix in one. */
export function isBucket(place: string): boolean {
  return /^(?:s3|gs|s3\+https?):\/\//i.test(place);
}

function parseUrl(given: string): Endpoint {
  if (isBucket(given))
    throw new SyncError("USAGE", `${given} is for \`bucket sync\`, \`bucket push\` or \`bucket check\``);
  const text = encodeOtherBytes(given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const kind = kindOfProtocol[url?.protocol as keyof typeof kindOfProtocol];
  if (url?.protocol === "rsync:") throw new SyncError("USAGE", `${text} is for ${daemonHint}`);
  if (url === undefined || kind === undefined) {
    throw new SyncError(
      "USAGE",
      `not a URL that is known here: ${text}; those are ws:, wss:, http: and https:, and HOST:PATH goes over ssh`,
    );
  }
  if (url.username !== "" || url.password !== "" || url.searchParams.has("token")) {
    throw new SyncError("USAGE", "a URL is no place for a secret; use --token-file or RSYNC_STREAM_TOKEN");
  }
  return { kind, url: url.href };
}
