import { SyncError } from "../../errors.ts";
import type { ReceiveLimits } from "../../session/allowance.ts";
import { createServer, type ServerOptions, type SyncServer } from "../../http/server.node.ts";
import { generateToken, parseTokens, type Token } from "../../http/tokens.node.ts";
import { readCount } from "../options/arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import type { Report } from "../report/report.ts";
import { readNamedFile } from "../options/named-file.ts";
import { readSecretFile } from "../options/secret-file.ts";
import type { ServedChunks } from "./served-chunks.ts";
import { ServingLog } from "./serving-log.ts";

/** Options of the commands that listen. */
export const listenOptions = {
  listen: { type: "string", value: "HOST:PORT", about: "where to listen; 127.0.0.1:8730 unless given" },
  "tls-cert": { type: "string", value: "FILE", about: "certificate (PEM), to be reached by https: and wss:" },
  "tls-key": { type: "string", value: "FILE", about: "its key (PEM)" },
  "token-file": { type: "string", value: "FILE", about: "let in whoever shows a token of this file" },
  "generate-token": { type: "boolean", about: "make up a token for this run and print it" },
  "no-auth": { type: "boolean", about: "let in everybody, on addresses other than this machine's own too" },
  "max-sessions": { type: "string", value: "N", about: "sessions at one time; 256 unless given" },
  "allow-origin": { type: "string", value: "ORIGIN", about: "let pages of this web origin in" },
  "allow-host": {
    type: "string",
    value: "NAME",
    about: "without tokens: a host name to be asked for under",
    multiple: true,
  },
  "trust-proxy": { type: "string", value: "ADDRESS", about: "believe this proxy whom it speaks for" },
} as const satisfies OptionSpecs;

/** How long sessions may go on after the first interrupt; the second ends all at once. */
export const serverGraceMs = 10_000;

/**
 * Serves until interrupted.
 *
 * @param offer what is offered, beside what the options say
 * @throws USAGE, IO, NOT_FOUND
 */
export async function serveUntilInterrupted(
  offer: Pick<
    ServerOptions,
    "annex" | "mirror" | "root" | "share" | "readOnly" | "durable" | "worldWritable" | "ui" | "maxChunkCount"
  > &
    ReceiveLimits & { readonly chunks?: ServedChunks; readonly indexes?: ServedChunks },
  options: OptionValues<typeof listenOptions>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { host, port } = parseListen(options.listen ?? "127.0.0.1:8730");
  const { tokens, secret } = readTokens(options);
  if (!tokens && options["no-auth"] !== true && !isOwnAddress(host)) {
    throw new SyncError(
      "USAGE",
      `anybody could reach ${host}: use --token-file, --generate-token or --no-auth`,
    );
  }
  const tls = readTls(options);
  const origin = options["allow-origin"];
  const proxy = options["trust-proxy"];
  const sessionCount = readCount("max-sessions", options["max-sessions"], 1, 1_000_000);
  const log = new ServingLog(report);
  await using server: SyncServer = createServer({
    ...offer,
    ...(tokens && { tokens }),
    ...(origin !== undefined && { origins: [origin] }),
    ...(options["allow-host"] && { hosts: options["allow-host"] }),
    ...(proxy !== undefined && { trustedProxies: [proxy] }),
    ...(sessionCount !== undefined && { sessionCount, sessionsPerAddressCount: sessionCount }),
    onSession: (session) => log.session(session),
    onFile: (file) => log.file(file),
    onRefusal: (refusal) => log.refusal(refusal),
  });
  const url = await server.listen({ host, port, ...(tls && { tls }) });
  if (secret !== undefined) report.notice(`token: ${secret}`, { token: secret });
  const who = isOwnAddress(host) ? "anybody on this machine" : "anybody";
  const access = tokens ? "a token is needed" : `${who} may ${whatAnybodyMay(offer)}`;
  const stored = (["chunks", "indexes"] as const).map((what) => {
    const offered = offer[what];
    const does = offered?.isWritable === true ? "takes and gives" : "gives";
    return offered ? `; ${does} ${what} at ${url}-/${what}/` : "";
  });
  report.notice(`listening at ${url}; ${access}${stored.join("")}`, { url });
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  report.notice("closing; interrupt once more to end at once");
  await server.close(serverGraceMs - 1000);
  log.end();
}

/** What is let without a token. */
function whatAnybodyMay({
  annex,
  readOnly,
  share,
}: Pick<ServerOptions, "annex" | "readOnly" | "share">): string {
  const mayPull = share === undefined || share.openTree !== undefined;
  const mayPush = readOnly !== true && (share === undefined || share.openTarget !== undefined);
  const things = [...(mayPull ? ["read"] : []), ...(mayPush ? ["write"] : []), ...(annex ? [annex.use] : [])];
  return things.join(" and ");
}

function parseListen(text: string): { host: string; port: number } {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw new SyncError("USAGE", `--listen takes HOST:PORT, not "${text}"`);
  return { host: host.replace(/^\[(.*)\]$/, "$1") || "0.0.0.0", port: Number(port) };
}

function isOwnAddress(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function readTokens(options: OptionValues<typeof listenOptions>): {
  tokens?: readonly Token[];
  secret?: string;
} {
  const path = options["token-file"];
  const known = path === undefined ? [] : parseTokens(readSecretFile(path));
  if (options["generate-token"] !== true) return path === undefined ? {} : { tokens: known };
  const { secret, token } = generateToken("generated", ["read", "write"]);
  return { tokens: [...known, token], secret };
}

function readTls(options: OptionValues<typeof listenOptions>): { cert: string; key: string } | undefined {
  const cert = options["tls-cert"];
  const key = options["tls-key"];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new SyncError("USAGE", "--tls-cert and --tls-key go together");
  return { cert: readNamedFile(cert).toString(), key: readSecretFile(key) };
}
