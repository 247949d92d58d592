import type { Server } from "node:http";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { fromHex } from "../../bytes/hex.ts";
import { chunkServer, indexServer, type StoreServerOptions } from "../../casync/chunk-server.node.ts";
import { openIndexStore } from "../../casync/open-index-store.node.ts";
import { plainCoding } from "../../casync/chunk-coding.ts";
import { nodeCoding } from "../../casync/compressor.node.ts";
import { type ChunkCipher, encryptedCoding } from "../../casync/encrypted-coding.node.ts";
import { mergedReads } from "../../casync/several-stores.ts";
import { SyncError } from "../../errors.ts";
import { readNamedFile } from "../options/named-file.ts";
import { type DesyncArguments, isSet, valueOf } from "./desync-arguments.ts";
import type { DesyncCall, DesyncCommand } from "./desync-command.ts";
import { desyncCacheOption, desyncStoreOptions, indexOpening, writerFor } from "./desync-stores.ts";
import { reloadedReader, storeFileOption } from "./store-file.ts";

const defaultAddress = ":http";

/** Options of servers over HTTP. */
const serverOptions = {
  listen: { type: "string", short: "l", about: "address, may be given several times; :http" },
  key: { type: "string", about: "key for HTTPS (PEM)" },
  cert: { type: "string", about: "its certificate (PEM)" },
  "mutual-tls": { type: "boolean", about: "clients have to show a certificate" },
  "client-ca": { type: "string", about: "of these authorities (PEM)" },
  authorization: { type: "string", about: "the Authorization that clients have to show" },
  writeable: { type: "boolean", short: "w", about: "can be written to, too" },
  writable: { type: "boolean", about: "the same" },
  log: { type: "string", about: "tell of requests in this file, or with - on standard error" },
} as const;

/** Serve chunks over HTTP. */
export const chunkServerCommand: DesyncCommand = {
  usage: "-s <store>",
  about: "Server for chunks over HTTP(S)",
  operandCount: [0, 0],
  options: {
    ...desyncStoreOptions,
    ...desyncCacheOption,
    ...storeFileOption,
    ...serverOptions,
    uncompressed: { type: "boolean", short: "u", about: "chunks travel as they are" },
    "skip-verify-read": { type: "boolean", about: "taken; chunks are verified by who reads them" },
    "skip-verify-write": { type: "boolean", about: "taken; chunks that come are verified always" },
    encryption: { type: "boolean", about: "chunks travel encrypted" },
    "encryption-key": { type: "string", about: "by this key" },
    "encryption-algorithm": { type: "string", about: "and this algorithm" },
  },
  takesHangup: ({ values }) => values["store-file"] !== undefined,
  async run(call) {
    const { given, digest } = call;
    const isWritable = isSet(given, "writeable") || isSet(given, "writable");
    if (isWritable && valueOf(given, "cache") !== undefined)
      throw new SyncError("USAGE", "with a cache no chunks can be taken");
    const plain = reloadedReader(call);
    const writer = isWritable ? writerFor(call) : undefined;
    const options = {
      ...serverOptionsOf(call),
      coding: travellingForm(given),
      digest,
      ...(writer && { writer }),
    };
    try {
      await serveAt(call, () => chunkServer("stored" in plain ? plain : mergedReads(plain), options));
    } finally {
      await plain.close();
    }
  },
};

/** Serve indexes over HTTP. */
export const indexServerCommand: DesyncCommand = {
  usage: "-s <store>",
  about: "Server for indexes over HTTP(S)",
  operandCount: [0, 0],
  options: { ...desyncStoreOptions, ...serverOptions },
  async run(call) {
    const { given } = call;
    const [place, ...more] = given.values["store"] ?? [];
    if (place === undefined || more.length > 0) throw new SyncError("USAGE", "one store is needed: -s STORE");
    const isWritable = isSet(given, "writeable") || isSet(given, "writable");
    const indexes = openIndexStore(place, { ...indexOpening(call)(place), create: isWritable });
    const options = { ...serverOptionsOf(call), isWritable };
    try {
      await serveAt(call, () => indexServer(indexes, options));
    } finally {
      await indexes.close();
    }
  },
};

function serverOptionsOf(call: DesyncCall): StoreServerOptions {
  const { given } = call;
  const authorization = valueOf(given, "authorization") ?? process.env["DESYNC_HTTP_AUTH"];
  const tls = tlsOf(given);
  const log = valueOf(given, "log");
  const tell =
    log === undefined || log === "-" ? call.tell : (line: string) => appendFileSync(log, `${line}\n`);
  return {
    ...(authorization !== undefined && { authorization }),
    ...(tls && { tls }),
    ...(log !== undefined && {
      onRequest: ({ method, path, status }) => tell(`${method} ${path} ${status}`),
    }),
  };
}

/** Listens at all addresses of a command line until it is interrupted. */
async function serveAt(call: DesyncCall, makeServer: () => Server): Promise<void> {
  const servers = addressesOf(call.given).map((address) => ({ ...address, server: makeServer() }));
  const { signal } = call;
  try {
    for (const { server, host, port } of servers) await listen(server, host, port, call);
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  } finally {
    for (const { server } of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

async function listen(server: Server, host: string, port: number, { tell }: DesyncCall): Promise<void> {
  server.listen({ port, ...(host !== "" && { host }) });
  await once(server, "listening");
  const address = server.address();
  if (address !== null && typeof address === "object")
    tell(`listening at ${address.address}:${address.port}`);
}

function travellingForm(given: DesyncArguments) {
  const inner = isSet(given, "uncompressed") ? plainCoding : nodeCoding;
  if (!isSet(given, "encryption")) return inner;
  const key = valueOf(given, "encryption-key") ?? process.env["DESYNC_ENCRYPTION_KEY"];
  if (key === undefined) throw new SyncError("USAGE", "a key is missing to encrypt by");
  const cipher = valueOf(given, "encryption-algorithm") ?? "xchacha20-poly1305";
  return encryptedCoding(inner, cipher as ChunkCipher, fromHex(key));
}

function tlsOf(given: DesyncArguments) {
  const [cert, key, ca] = ["cert", "key", "client-ca"].map((name) => valueOf(given, name));
  if ((cert === undefined) !== (key === undefined))
    throw new SyncError("USAGE", "--key and --cert go together");
  if (isSet(given, "mutual-tls") && ca === undefined)
    throw new SyncError("USAGE", "--mutual-tls needs --client-ca");
  if (cert === undefined || key === undefined) return undefined;
  return {
    cert: readNamedFile(cert).toString(),
    key: readNamedFile(key).toString(),
    ...(isSet(given, "mutual-tls") && { ca: readNamedFile(ca!).toString() }),
  };
}

const namedPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

function addressesOf({ values }: DesyncArguments): { host: string; port: number }[] {
  return (values["listen"] ?? [defaultAddress]).map((text) => {
    const [, host = "", port = ""] = /^(.*):(\w+)$/.exec(text) ?? [];
    const number = namedPorts[port] ?? Number(port);
    if (port === "" || !Number.isInteger(number) || number > 65_535)
      throw new SyncError("USAGE", `no address: "${text}"`);
    return { host: host.replace(/^\[(.*)\]$/, "$1"), port: number };
  });
}
