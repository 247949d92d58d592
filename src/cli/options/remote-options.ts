import { SyncError } from "../../errors.ts";
import { reconnectLimits } from "../../session/limits.ts";
import type { Retry } from "../../session/reconnect.ts";
import type { ConnectorOptions } from "../../transfer/connector.node.ts";
import type { Endpoint } from "../../transfer/endpoint.node.ts";
import type { HttpOptions } from "../../transport/http-request.node.ts";
import { parallelLimits } from "../../transport/parallel/parallel-limits.ts";
import { proxyAgentFor } from "../../transport/proxy.node.ts";
import { readCount } from "./arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { readNamedFile } from "./named-file.ts";
import type { Report } from "../report/report.ts";
import { readSecretFile } from "./secret-file.ts";

/** Options of the commands that talk to a server over HTTP. */
export const httpOptions = {
  "token-file": {
    type: "string",
    value: "FILE",
    about: "show the token in this file (or RSYNC_STREAM_TOKEN) to the server",
    doc: "show the server the token in this file, which holds nothing else and which only you can read; without it that in `RSYNC_STREAM_TOKEN`",
  },
  ca: {
    type: "string",
    value: "FILE",
    about: "trust the certificates in this file (PEM) in place of the system's",
  },
  insecure: {
    type: "boolean",
    about: "talk to a server that cannot prove who it is: others may read and change all",
    doc: "talk to a server that cannot prove who it is. Whoever is in between can then read and change everything",
  },
} as const satisfies OptionSpecs;

/** Options of the commands that connect to the other end themselves. */
export const remoteOptions = {
  rsh: {
    type: "string",
    short: "e",
    value: "COMMAND",
    about: "how to reach the host; ssh unless given",
    doc: "how to reach the host; `ssh` unless given. Split at blanks, quotes honoured, as with rsync",
  },
  "remote-path": {
    type: "string",
    value: "COMMAND",
    about: "what to run there; rsync-stream unless given",
    doc: "what to run there; `rsync-stream` unless given. The remote shell reads it, so it may hold several words",
  },
  "no-bootstrap": {
    type: "boolean",
    about: "do not send rsync-stream to hosts that lack it",
    doc: "do not [send rsync-stream](ssh.md) to a host that has Node.js and lacks it",
  },
  retries: {
    type: "string",
    value: "N",
    about: `connect anew so often when the connection breaks; ${reconnectLimits.retries} unless given, a minute or more`,
  },
  turns: {
    type: "boolean",
    about: "talk by many short requests: for proxies that collect what they pass on",
    doc: "talk by many [short requests](http.md#sessions-in-turns), for proxies that collect what they pass on; `http:` and `https:` only",
  },
  jobs: {
    type: "string",
    short: "j",
    value: "N",
    about: "connections at a time; over ssh 1, to a server as many as help, unless given",
    doc: "[connections](parallel.md) at a time, 64 at most. Unless given one over ssh, to a server as many as help, 8 at most",
  },
  ...httpOptions,
} as const satisfies OptionSpecs;

/** How a server is reached, as the options say. @throws USAGE, NOT_FOUND, IO */
export function readHttpOptions(options: OptionValues<typeof httpOptions>): HttpOptions {
  const token = readToken(options["token-file"]);
  return {
    ...(token !== undefined && { headers: { Authorization: `Bearer ${token}` } }),
    ...(options.ca !== undefined && { ca: readNamedFile(options.ca).toString() }),
    ...(options.insecure === true && { insecure: true }),
  };
}

/** The same, by way of the proxy that the environment names. @throws USAGE, NOT_FOUND, IO */
export async function readFetchOptions(
  url: string,
  options: OptionValues<typeof httpOptions>,
): Promise<HttpOptions> {
  const agent = await proxyAgentFor(url, "requests");
  return { ...readHttpOptions(options), ...(agent && { agent }) };
}

/**
 * How the other end is reached, as the options say. Files that only a server needs are read only
 * for one.
 *
 * @throws USAGE, NOT_FOUND, IO
 */
export function readConnectorOptions(
  there: Endpoint,
  options: OptionValues<typeof remoteOptions>,
  report: Report,
): ConnectorOptions {
  const connectionCount = readCount("jobs", options.jobs, 1, parallelLimits.groupConnectionCount);
  return {
    turns: options.turns === true,
    ...(connectionCount !== undefined && {
      connectionCount,
      onLostConnection: ({ message, code }) => report.notice(`one connection less: ${message}`, { code }),
    }),
    onRemoteText: (text) => report.notice(`other end: ${text}`),
    ...(options.rsh !== undefined && { rsh: options.rsh }),
    ...(options["no-bootstrap"] === true && { bootstrap: false }),
    ...(options["remote-path"] !== undefined && { remotePath: options["remote-path"] }),
    ...(there.kind !== "ssh" && readHttpOptions(options)),
  };
}

/** What the runs of push and pull are told: how often to try, and to say so. @throws USAGE */
export function reconnectionOf(options: { readonly retries?: string }, report: Report) {
  const retries = readCount("retries", options.retries, 0, 1_000_000);
  return {
    ...(retries !== undefined && { retries }),
    onRetry: ({ waitMs, error }: Retry) => {
      report.notice(`${error.message}; connecting again in ${(waitMs / 1000).toFixed(1)} s`, {
        code: error.code,
      });
    },
  };
}

/** The token in a file, or that of the environment. @throws USAGE, NOT_FOUND, IO */
export function readToken(path: string | undefined): string | undefined {
  const text = path === undefined ? process.env["RSYNC_STREAM_TOKEN"] : readSecretFile(path);
  const token = text?.trim();
  if (token === undefined || token === "") return undefined;
  if (/^[A-Za-z0-9._~+/=-]+$/.test(token)) return token;
  throw new SyncError("USAGE", "a token is one word of letters, digits and -._~+/=");
}
