import { closingInTheEnd } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import type { SharePath } from "../../http/share-path.ts";
import type { Share } from "../../http/share.ts";
import { createCafsRelay } from "../../relay/cafs-relay.node.ts";
import { openRelayStore } from "../../relay/relay-store.node.ts";
import { createRelay } from "../../relay/relay.ts";
import type { Connect } from "../../session/reconnect.ts";
import { hasOtherBytes } from "../../bytes/byte-text.ts";
import { chunkLimitOf, chunkLimitOption } from "../options/chunk-limit.ts";
import { readSize } from "../options/arguments.ts";
import { defineCommand, type OptionValues } from "../command.ts";
import { connectorTo } from "../../transfer/connector.node.ts";
import { parseEndpoint, type RemoteEndpoint } from "../../transfer/endpoint.node.ts";
import { placeBelow } from "../../transfer/place-below.node.ts";
import { listenOptions, serverGraceMs, serveUntilInterrupted } from "./listen.ts";
import {
  readConnectorOptions,
  readFetchOptions,
  reconnectionOf,
  remoteOptions,
} from "../options/remote-options.ts";
import type { Report } from "../report/report.ts";

const { "token-file": _, ...upstreamOptions } = remoteOptions;

const options = {
  store: {
    type: "string",
    value: "DIR",
    about: "keep what was received here, for the next run too; DIR.castr: as casync does",
  },
  "store-limit": {
    type: "string",
    value: "SIZE",
    about: "bytes of content kept that is upstream no more, with the rest; 16G unless given",
  },
  cafs: { type: "boolean", about: "the upstream serves one file as CAFS does" },
  "upstream-token-file": {
    type: "string",
    value: "FILE",
    about: "show the token in this file to the upstream",
  },
  compress: { type: "boolean", short: "z", about: "have the upstream compress content that shrinks" },
  ...upstreamOptions,
  ...chunkLimitOption,
  ...listenOptions,
} as const;

/** `relay UPSTREAM`: receives once and serves many while it still receives. */
export const relay = defineCommand({
  operands: ["UPSTREAM"],
  options,
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands: [from], options, report, signal }) {
    const upstream = parseEndpoint(from);
    if (upstream.kind === "local")
      throw new SyncError("USAGE", `relay receives from host:path or a URL, not ${from}`);
    if (hasOtherBytes(options.store ?? ""))
      throw new SyncError("USAGE", "the directory of --store has to have a name in UTF-8");
    const share = await openShare(upstream, options, report);
    await closingInTheEnd(
      () => serveUntilInterrupted({ share, ...chunkLimitOf(options) }, options, report, signal),
      async () => share.close?.(),
    );
  },
});

type Given = OptionValues<typeof options>;

async function openShare(upstream: RemoteEndpoint, given: Given, report: Report): Promise<Share> {
  const { "token-file": _ours, "upstream-token-file": theirs, ...others } = given;
  const own = { ...others, ...(theirs !== undefined && { "token-file": theirs }) };
  const { onRetry, ...retries } = reconnectionOf(given, report);
  const storeBytes = readSize("store-limit", given["store-limit"]);
  const limits = { ...(storeBytes !== undefined && { storeBytes }) };
  if (given.cafs === true) {
    if (given.compress === true)
      throw new SyncError("USAGE", "what is fetched as CAFS does is not compressed");
    if (upstream.kind !== "http") throw new SyncError("USAGE", "--cafs goes with a URL of http: or https:");
    const http = await readFetchOptions(upstream.url, own);
    return createCafsRelay(upstream.url, {
      store: await openRelayStore(given.store),
      onRetry,
      ...limits,
      ...retries,
      ...http,
      ...chunkLimitOf(given),
    }).share;
  }
  const connectorBelow = (path: SharePath, via: readonly string[] = []): Connect => {
    const reached = { ...readConnectorOptions(upstream, own, report), via }; // a token may change meanwhile
    return connectorTo(placeBelow(upstream, path), { direction: "pull" }, reached);
  };
  connectorBelow({ components: [], contents: true }); // wrong options are told of now, not when somebody asks
  return createRelay({
    store: await openRelayStore(given.store),
    compress: given.compress === true,
    onRetry,
    ...limits,
    ...retries,
    connect: ({ path, via, signal }) => connectorBelow(path, via)(signal ? { signal } : {}),
  }).share;
}
