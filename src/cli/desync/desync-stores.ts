import { readFileSync } from "node:fs";
import { keepingHeaders } from "../../bucket/redirects.ts";
import { nodeFetch } from "../../bucket/node-fetch.node.ts";
import type { KeptChunks } from "../../casync/kept-chunks.ts";
import {
  openChunkReader,
  openChunkWriter,
  openKeptChunks,
  type OpenStoreOptions,
} from "../../casync/open-store.node.ts";
import { cachedStore, failoverGroup, severalStores } from "../../casync/several-stores.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { SyncError } from "../../errors.ts";
import { googleAccess } from "../bucket/google-access.ts";
import { ociCredentials } from "../casync/oci-settings.ts";
import { retryNotices } from "../casync/retry-notices.ts";
import { s3Settings } from "../casync/s3-settings.ts";
import type { ChunkReader, ChunkWriter } from "../../store/store.ts";
import { type DesyncArguments, type DesyncOptions, isSet, numberOf, valueOf } from "./desync-arguments.ts";
import { codingOf, type DesyncConfig, settingsOf } from "./desync-config.ts";

/** Options of all commands that use stores. */
export const desyncStoreOptions = {
  store: { type: "string", short: "s", about: "store" },
  concurrency: {
    type: "string",
    short: "n",
    about: "chunks under way at a time; as many as serve unless given",
  },
  "trust-insecure": { type: "boolean", short: "t", about: "accept any certificate" },
  insecure: { type: "boolean", short: "i", about: "the same" },
  "client-cert": { type: "string", about: "certificate to show" },
  "client-key": { type: "string", about: "its key" },
  "ca-cert": { type: "string", about: "trust these authorities in place of the system's" },
  "error-retry": { type: "string", short: "e", about: "tries in all; 3 unless given" },
  "error-retry-base-interval": { type: "string", short: "b", about: "wait before the second; 500ms" },
  "cache-repair": { type: "boolean", short: "r", about: "replace damaged chunks of the cache" },
} as const satisfies DesyncOptions;

/** The option of commands that can have a cache. */
export const desyncCacheOption = {
  cache: { type: "string", short: "c", about: "store to be asked first and filled" },
} as const satisfies DesyncOptions;

/** What opens stores as one command line says. */
export interface DesyncStores {
  readonly given: DesyncArguments;
  readonly config: DesyncConfig;
  readonly digest: ChunkDigest;
}

/** Chunks under way at a time, when that was given. @throws USAGE */
export function jobsIn(given: DesyncArguments): { readonly jobCount?: number } {
  const jobCount = numberOf(given, "concurrency", 1);
  return jobCount === undefined ? {} : { jobCount };
}

/** All stores of a command line as one to read from. @throws USAGE, NOT_FOUND */
export function readerFor(stores: DesyncStores): ChunkReader {
  const places = stores.given.values["store"] ?? [];
  if (places.length === 0) throw new SyncError("USAGE", "a store is missing: -s STORE");
  const all = places.flatMap((place) => place.split(",")).map((place) => groupAt(place, stores));
  const reader = all.length === 1 ? all[0]! : severalStores(all);
  const cache = valueOf(stores.given, "cache");
  if (cache === undefined) return reader;
  return cachedStore(reader, writerAt(cache, stores), isSet(stores.given, "cache-repair", true));
}

function groupAt(place: string, stores: DesyncStores): ChunkReader {
  const group = place.split("|").map((one) => readerAt(one, stores));
  return group.length === 1 ? group[0]! : failoverGroup(group);
}

function readerAt(place: string, { given, config, digest }: DesyncStores): ChunkReader {
  return openChunkReader([place], openingOf(place, given, config, digest));
}

/** The only store of a command line, to write to; undefined when none is given. @throws USAGE */
export function writerFor(stores: DesyncStores): ChunkWriter | undefined {
  const places = stores.given.values["store"] ?? [];
  if (places.length > 1) throw new SyncError("USAGE", "only one store can be written to");
  return places.length === 0 ? undefined : writerAt(places[0]!, stores);
}

/** The only store of a command line, to be looked after. @throws USAGE, NOT_FOUND */
export function keptFor({ given, config, digest }: DesyncStores): KeptChunks {
  const [place, ...more] = given.values["store"] ?? [];
  if (place === undefined || more.length > 0) throw new SyncError("USAGE", "one store is needed: -s STORE");
  return openKeptChunks(place, openingOf(place, given, config, digest));
}

/** Opens a store as the command line and the configuration say. */
export function writerAt(place: string, { given, config, digest }: DesyncStores): ChunkWriter {
  return openChunkWriter(place, openingOf(place, given, config, digest));
}

/** How the stores of indexes are opened that a command line names. */
export function indexOpening({ given, config, digest }: DesyncStores) {
  return (place: string): OpenStoreOptions => openingOf(place, given, config, digest);
}

function openingOf(
  place: string,
  given: DesyncArguments,
  config: DesyncConfig,
  digest: ChunkDigest,
): OpenStoreOptions {
  const settings = settingsOf(config, place);
  const isInsecure = isSet(given, "trust-insecure") || isSet(given, "insecure");
  const files = {
    ca: valueOf(given, "ca-cert") ?? settings["ca-cert"],
    cert: valueOf(given, "client-cert") ?? settings["client-cert"],
    key: valueOf(given, "client-key") ?? settings["client-key"],
  };
  const tls = Object.fromEntries(
    Object.entries(files).flatMap(([name, path]) =>
      path === undefined || path === "" ? [] : [[name, readFileSync(path, "utf8")]],
    ),
  );
  const authorization = settings["http-auth"] ?? process.env["DESYNC_HTTP_AUTH"];
  const attemptCount = numberOf(given, "error-retry") ?? settings["error-retry"];
  const baseText = valueOf(given, "error-retry-base-interval");
  const retryMs = baseText === undefined ? inMs(settings["error-retry-base-interval"]) : durationMs(baseText);
  const timeoutMs = inMs(settings.timeout);
  const { jobCount } = jobsIn(given);
  return {
    coding: codingOf(settings),
    digest,
    s3: s3Settings(config["s3-credentials"]),
    google: () => googleAccess(),
    oci: (place) => ociCredentials(place, config["oci-credentials"]),
    http: {
      ...(jobCount !== undefined && { requestCount: jobCount }),
      onRetry: retryNotices(),
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(settings["http-cookie"] !== undefined && { cookie: settings["http-cookie"] }),
      },
      ...(attemptCount !== undefined && { attemptCount: Math.max(1, attemptCount) }),
      ...(retryMs !== undefined && { retryMs }),
      ...(timeoutMs !== undefined && { timeoutMs: Math.max(0, timeoutMs) }),
      ...(/^(?:(?:s3|oci)\+)?https:/.test(place) && {
        fetch: keepingHeaders(
          nodeFetch(
            { ...tls, rejectUnauthorized: !(isInsecure || settings["trust-insecure"] === true) },
            { http2: !place.includes("+") },
          ),
        ),
      }),
    },
  };
}

/** Nanoseconds, in which the configuration counts. */
function inMs(ns: number | undefined): number | undefined {
  return ns === undefined ? undefined : ns / 1e6;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** @throws USAGE */
function durationMs(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * unitMs[unit!]!;
  if (text === "0") return 0;
  throw new SyncError("USAGE", `no duration: "${text}"`);
}

/** What is wrong with an index whose chunks are named by another digest than the line says. */
export function otherDigest(place: string): SyncError {
  const text = "the chunks of the index are named by another digest: see --digest";
  return new SyncError("USAGE", text, { detail: { path: place } });
}
