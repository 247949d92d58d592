import { SyncError } from "../errors.ts";

/** Where a command finds a tree or puts one. */
export type Endpoint =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "ssh"; readonly host: string; readonly path: string }
  | { readonly kind: "websocket" | "http"; readonly url: string };

const kindOfProtocol = {
  "ws:": "websocket",
  "wss:": "websocket",
  "http:": "http",
  "https:": "http",
} as const;

/**
 * Reads `PATH`, `[USER@]HOST:PATH` or a URL. A path with a `:` in its first component is written `./a:b`, as with rsync.
 *
 * @throws USAGE for another kind of URL, one with a password or token in it, or a host that ssh would take for an option
 */
export function parseEndpoint(text: string): Endpoint {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return parseUrl(text);
  const colon = text.indexOf(":");
  const slash = text.indexOf("/");
  if (colon <= 0 || (slash >= 0 && slash < colon)) return { kind: "local", path: text };
  const host = text.slice(0, colon);
  if (host.startsWith("-") || /[\s\0]/.test(host)) throw new SyncError("USAGE", `not a host: ${host}`);
  return { kind: "ssh", host: host.replace(/^(.*@)?\[(.*)\]$/, "$1$2"), path: text.slice(colon + 1) || "." };
}

function parseUrl(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const kind = kindOfProtocol[url?.protocol as keyof typeof kindOfProtocol];
  if (url === undefined || kind === undefined)
    throw new SyncError("USAGE", `not a URL that is known here: ${text}`);
  if (url.username !== "" || url.password !== "" || url.searchParams.has("token")) {
    throw new SyncError("USAGE", "a URL is no place for a secret; use --token-file or RSYNC_STREAM_TOKEN");
  }
  return { kind, url: url.href };
}
