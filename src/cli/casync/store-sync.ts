import { schemeOf, storeAtServer } from "../../casync/open-store.node.ts";
import { override } from "../../bytes/override.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { MirrorSummary } from "../../mirror/mirror-options.ts";
import {
  type Endpoint,
  parseEndpoint,
  type ServerEndpoint,
  type ShellEndpoint,
} from "../../transfer/endpoint.node.ts";
import { remoteProgram } from "../../transfer/remote-shell.node.ts";
import { quoteForShell } from "../../transfer/shell-words.node.ts";
import { duplexPair } from "../../transport/memory.ts";
import { channelOf, duplexOf } from "../../transport/channel.ts";
import type { SessionDirection } from "../../transport/session-request.ts";
import type { Duplex } from "../../types.ts";
import { duplexChannel } from "../../transfer/standard-streams.node.ts";
import { type Call, defineCommand, type OptionSpecs, type OptionValues } from "../command.ts";
import type { Report } from "../report/report.ts";
import { httpOptions, readHttpOptions, remoteOptions } from "../options/remote-options.ts";
import {
  checkStoreAt,
  mirrorOptions,
  offerOption,
  receiveStore,
  reportMirror,
  sendStore,
} from "./mirrored-store.ts";

const syncOptions = {
  ...mirrorOptions,
  ...offerOption,
  rsh: remoteOptions.rsh,
  "remote-path": remoteOptions["remote-path"],
  ...httpOptions,
} as const satisfies OptionSpecs;

type Given = OptionValues<typeof syncOptions>;

/** `store sync SRC DST`: gives a store the chunks of another that it lacks. */
export const storeSync = defineCommand({
  operands: ["SRC", "DST"],
  options: syncOptions,
  writesOutput: () => false,
  async run(call) {
    const [from, to] = call.operands;
    reportMirror(call.report, await mirror(placeOf(from), placeOf(to), call));
  },
});

/** `store send STORE`: the end of that which has the chunks, over standard input and output. */
export const storeSend = defineCommand({
  operands: ["STORE"],
  options: { ...mirrorOptions, ...offerOption },
  writesOutput: () => true,
  async run({ operands: [place], ...call }) {
    const duplex = duplexOf(duplexChannel());
    reportMirror(call.report, await breakingOff(duplex, sendStore(place, duplex, call)));
  },
});

/** `store recv STORE`: the end of that which lacks them. */
export const storeRecv = defineCommand({
  operands: ["STORE"],
  options: mirrorOptions,
  writesOutput: () => true,
  async run({ operands: [place], ...call }) {
    const duplex = duplexOf(duplexChannel());
    reportMirror(call.report, await breakingOff(duplex, receiveStore(place, duplex, call)));
  },
});

/** A store here, whatever its URL leads to, or one that a remote shell or a server leads to. */
function placeOf(text: string): Endpoint {
  const scheme = schemeOf(text);
  if (scheme !== undefined && scheme !== "ws" && scheme !== "wss") return { kind: "local", path: text };
  return parseEndpoint(text);
}

async function mirror(
  from: Endpoint,
  to: Endpoint,
  call: Call<typeof syncOptions, readonly ["SRC", "DST"]>,
): Promise<MirrorSummary> {
  const { options, signal } = call;
  if (from.kind === "local") await checkStoreAt(from.path, call);
  if (isServer(from)) {
    if (options.index !== undefined)
      throw new SyncError("USAGE", "--index is not for a SRC at a server; index cache is");
    const path = localPath(to);
    const duplex = await connectTo(from, "pull", call);
    return breakingOff(duplex, receiveStore(path, duplex, call));
  }
  if (isServer(to)) {
    const path = localPath(from);
    const duplex = await connectTo(to, "push", call);
    return breakingOff(duplex, sendStore(path, duplex, call));
  }
  if (from.kind === "ssh") {
    const path = localPath(to);
    const indexes = (options.index ?? []).map((place) => ` --index=${quoteForShell(place)}`);
    const duplex = await start(from, `store send${indexes.join("")}`, call)({ signal });
    return breakingOff(duplex, receiveStore(path, duplex, call));
  }
  if (to.kind === "ssh") {
    const duplex = await start(to, "store recv", call)({ signal });
    return breakingOff(duplex, sendStore(from.path, duplex, call));
  }
  const [left, right] = duplexPair();
  const [sent, received] = await Promise.allSettled([
    breakingOff(left, sendStore(from.path, left, call)),
    breakingOff(right, receiveStore(to.path, right, { ...call, report: withoutMissing(call.report) })),
  ]);
  if (received.status === "fulfilled") return received.value;
  throw sent.status === "rejected" && !isOfOtherEnd(sent.reason) ? sent.reason : received.reason;
}

function isServer(place: Endpoint): place is ServerEndpoint {
  return place.kind === "websocket" || place.kind === "http";
}

/** @throws USAGE */
function localPath(place: Endpoint): string {
  if (place.kind === "local") return place.path;
  throw new SyncError("USAGE", "one of the two stores has to be here");
}

/** Connects to the store of chunks that a server offers. */
async function connectTo(
  { url }: ServerEndpoint,
  direction: SessionDirection,
  { options, signal }: Call<typeof syncOptions, readonly ["SRC", "DST"]>,
): Promise<Duplex> {
  const { serverConnector } = await import("../../transfer/server-connector.node.ts");
  return serverConnector(
    { kind: "websocket", url: storeAtServer(url) },
    { direction },
    readHttpOptions(options),
  )({ signal });
}

/** An end that fails, such as at opening its store, has the other one wait no longer. */
async function breakingOff(duplex: Duplex, end: Promise<MirrorSummary>): Promise<MirrorSummary> {
  try {
    return await end;
  } catch (thrown) {
    channelOf(duplex).abort(thrown);
    throw thrown;
  }
}

/** A report that leaves it to the sender to say why a chunk is missing. */
function withoutMissing(report: Report): Report {
  return override(report, {
    trouble: (error: SyncError) => void (isSyncError(error, "CHUNK_MISSING") || report.trouble(error)),
  });
}

/** True for what an end only heard of. */
function isOfOtherEnd(thrown: unknown): boolean {
  return thrown instanceof SyncError && (thrown.remote || thrown.code === "PEER_GONE");
}

function start(
  there: ShellEndpoint,
  words: string,
  { options, report }: Call<typeof syncOptions, readonly ["SRC", "DST"]>,
): ReturnType<typeof remoteProgram> {
  const { digest, rsh, "remote-path": remotePath }: Given = options;
  const named = digest === undefined ? "" : ` --digest=${quoteForShell(digest)}`;
  return remoteProgram(there, `${words} --json --quiet --no-settings${named}`, {
    bootstrap: false,
    onRemoteText: (text) => report.notice(`other end: ${text}`),
    ...(rsh !== undefined && { rsh }),
    ...(remotePath !== undefined && { remotePath }),
  });
}
