import { isSyncError, SyncError, type SyncErrorCode } from "../errors.ts";
import { type Connect, reconnectLimits, type Retry } from "../session/reconnect.ts";
import { type ChildWords, childProcessDuplex } from "../transport/child-process.node.ts";
import { httpFetch } from "../transport/http-fetch.node.ts";
import { connectTurns } from "../transport/http-turns.ts";
import { connectHttp } from "../transport/http.node.ts";
import type { HttpOptions } from "../transport/http-request.node.ts";
import { sessionSubprotocol, sessionUrl, type SessionWish } from "../transport/session-request.ts";
import { connectWs } from "../transport/ws.node.ts";
import { readCount } from "./arguments.ts";
import { withConnectionHint } from "./connection-hint.ts";
import type { OptionSpecs, OptionValues } from "./command.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Report } from "./report.ts";
import { RemoteWords } from "./remote-words.ts";
import { readNamedFile } from "./named-file.ts";
import { readSecretFile } from "./secret-file.ts";
import { byteWords, quoteForShell, splitWords } from "./shell-words.ts";

/** Options of the commands that talk to a server over HTTP. */
export const httpOptions = {
  "token-file": {
    type: "string",
    value: "FILE",
    about: "show the token in this file (or RSYNC_STREAM_TOKEN) to the server",
  },
  ca: {
    type: "string",
    value: "FILE",
    about: "trust the certificates in this file (PEM) in place of the system's",
  },
  insecure: {
    type: "boolean",
    about: "talk to a server that cannot prove who it is: others may read and change all",
  },
} as const satisfies OptionSpecs;

/** Options of the commands that connect to the other end themselves. */
export const remoteOptions = {
  rsh: { type: "string", short: "e", value: "COMMAND", about: "how to reach the host; ssh unless given" },
  "remote-path": { type: "string", value: "COMMAND", about: "what to run there; rsync-stream unless given" },
  retries: {
    type: "string",
    value: "N",
    about: `connect anew so often when the connection breaks; ${reconnectLimits.retries} unless given, a minute or more`,
  },
  turns: {
    type: "boolean",
    about: "talk by many short requests: for proxies that collect what they pass on",
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

/**
 * What a shell that finds no program exits with 127 for, and with 126 for one that it may not run.
 */
const absentHint =
  "rsync-stream, and Node.js, have to be in the PATH of the shell there; --remote-path names another place";

/**
 * How to connect to the other end of a push or a pull.
 *
 * @param wish what we want of it
 * @param options.words makes what hears the program at the other end of a remote shell
 * @param options.via the relays on the way, for an upstream to know
 * @throws USAGE
 */
export function connectorTo(
  endpoint: Exclude<Endpoint, { kind: "local" }>,
  wish: SessionWish,
  options: OptionValues<typeof remoteOptions>,
  { words, via = [] }: { readonly words: () => ChildWords; readonly via?: readonly string[] },
): Connect {
  if (options.turns === true && endpoint.kind !== "http")
    throw new SyncError("USAGE", "--turns goes with a URL of http: or https:");
  if (endpoint.kind === "ssh") {
    const shell = splitWords(options.rsh ?? "ssh");
    const program = options["remote-path"] ?? "rsync-stream";
    const remote = `${program} ${roleFor(wish)} -- ${quotePath(endpoint.path)}`;
    const [command, ...args] = byteWords([...shell, endpoint.host, remote]);
    return async ({ signal }) =>
      childProcessDuplex(command, args, {
        exitHints: { 126: absentHint, 127: absentHint },
        words: words(),
        ...(signal && { signal }),
      });
  }
  const url = sessionUrl(endpoint.url, wish);
  const known = readHttpOptions(options);
  const http =
    via.length === 0
      ? known
      : { ...known, headers: { ...known.headers, "Rsync-Stream-Via": via.join(", ") } };
  const connect = connectorBy(options.turns === true ? "turns" : endpoint.kind, url, http);
  return (given) => withConnectionHint(url, () => connect(given));
}

function connectorBy(way: "websocket" | "http" | "turns", url: string, http: HttpOptions): Connect {
  if (way === "turns") {
    const fetch = httpFetch(url, http);
    return ({ signal }) => connectTurns(url, { ...http, fetch, ...(signal && { signal }) });
  }
  if (way === "http") {
    return withHint(
      "STALLED",
      "a proxy that collects bodies lets a session through with --turns",
      ({ signal }) => connectHttp(url, { ...http, ...(signal && { signal }) }),
    );
  }
  return withHint(
    "BAD_MESSAGE",
    "a proxy may have taken the upgrade out: http: and --turns get through",
    ({ signal }) => connectWs(url, { ...http, protocols: [sessionSubprotocol], ...(signal && { signal }) }),
  );
}

/** Tells what helps when no connection comes about because of what is in between. */
function withHint(code: SyncErrorCode, hint: string, connect: Connect): Connect {
  return async (options) => {
    try {
      return await connect(options);
    } catch (thrown) {
      if (!isSyncError(thrown, code)) throw thrown;
      throw new SyncError(code, `${thrown.message}; ${hint}`, { cause: thrown, remote: thrown.remote });
    }
  };
}

/**
 * Hears the other end of a remote shell: what it says of itself comes over the session, the rest is
 * told here.
 */
export function remoteWords(report: Report): RemoteWords {
  return new RemoteWords({ onText: (text) => report.notice(`other end: ${text}`) });
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

/** What the other end has to do, as words for a shell. */
function roleFor({ direction, maxDeletedCount, dryRun, exclude = [] }: SessionWish): string {
  const exclusion = exclude.map((each) => ` --exclude=${quoteForShell(each)}`).join("");
  if (direction === "pull") return `send --duplex --json --quiet${exclusion}`;
  const deletion = maxDeletedCount === undefined ? "" : ` --delete --max-delete ${maxDeletedCount}`;
  return `recv --duplex --json --quiet${dryRun ? " --dry-run" : ""}${deletion}${exclusion}`;
}

/** A `~` stays for the remote shell to read. */
function quotePath(path: string): string {
  const home = /^~[A-Za-z0-9_.-]*(?=\/|$)/.exec(path)?.[0] ?? "";
  const rest = path.slice(home.length);
  return home + (rest === "" ? "" : quoteForShell(rest));
}

function readToken(path: string | undefined): string | undefined {
  const text = path === undefined ? process.env["RSYNC_STREAM_TOKEN"] : readSecretFile(path);
  const token = text?.trim();
  if (token === undefined || token === "") return undefined;
  if (/^[A-Za-z0-9._~+/=-]+$/.test(token)) return token;
  throw new SyncError("USAGE", "a token is one word of letters, digits and -._~+/=");
}
