import { readCount } from "../options/arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import type { IndexFileOptions } from "./index-file.ts";
import { readToken } from "../options/remote-options.ts";
import { readSecretFile } from "../options/secret-file.ts";
import { openChunkReader, openChunkWriter, type OpenStoreOptions } from "../../casync/open-store.node.ts";
import { type ChunkCoding, plainCoding } from "../../casync/chunk-coding.ts";
import { nodeCoding } from "../../casync/compressor.node.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import type { ChunkReader, ChunkWriter } from "../../store/store.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { Report } from "../report/report.ts";
import { storeAccess } from "./store-access.ts";

const maxJobCount = 1024;

/** Options of all commands that use stores. */
export const storeOptions = {
  store: {
    type: "string",
    short: "s",
    value: "STORE",
    multiple: true,
    about: "a store: a directory or a URL; of several the first that has a chunk",
  },
  jobs: {
    type: "string",
    short: "j",
    value: "N",
    about: "chunks under way at a time; as many as serve unless given",
  },
  uncompressed: { type: "boolean", about: "chunks in the stores are not compressed" },
  retries: { type: "string", value: "N", about: "tries in all of what fails over HTTP; 3 unless given" },
  "header-file": {
    type: "string",
    value: "FILE",
    about: "headers for HTTP, a line for each, such as Authorization: ...",
  },
  "token-file": {
    type: "string",
    value: "FILE",
    about: "show the token in this file (or RSYNC_STREAM_TOKEN) to servers of rsync-stream",
    doc: "show the token in this file (or `RSYNC_STREAM_TOKEN`) to servers of this program: to those of `ws:` and `wss:`, and of URLs with `/-/chunks/` or `/-/indexes/`",
  },
} as const satisfies OptionSpecs;

/** The option of commands that can have a cache before their stores. */
export const cacheOption = {
  cache: { type: "string", value: "STORE", about: "a store that is asked first, and filled on the way" },
} as const satisfies OptionSpecs;

type Given = OptionValues<typeof storeOptions>;

/** Chunks under way at a time, when that was given. @throws USAGE */
export function jobsOf(options: Given): { readonly jobCount?: number } {
  const jobCount = readCount("jobs", options.jobs, 1, maxJobCount);
  return jobCount === undefined ? {} : { jobCount };
}

/** The stores to read from, as one. @throws USAGE, NOT_FOUND */
export function readerOf(
  options: Given & OptionValues<typeof cacheOption>,
  report: Report,
  digest: ChunkDigest,
): ChunkReader {
  const { store = [], cache } = options;
  return openChunkReader(store, {
    ...openingOf(options, report, digest),
    ...(cache !== undefined && { cache }),
  });
}

/** The store to write to. @throws USAGE when there are several, NOT_FOUND */
export function writerOf(options: Given, report: Report, digest: ChunkDigest): ChunkWriter | undefined {
  const [place, ...more] = options.store ?? [];
  if (more.length > 0) throw new SyncError("USAGE", "only one --store can be written to");
  return place === undefined
    ? undefined
    : openChunkWriter(place, { ...openingOf(options, report, digest), create: true });
}

/** The store beside a place that a tree is received in. @throws USAGE */
export function openStoreOfTrees(place: string, report: Report): ChunkWriter {
  return openChunkWriter(place, { create: true, ...storeAccess(report) });
}

/** The form that chunks have in the stores. */
export function codingOf({ uncompressed }: Pick<Given, "uncompressed">): ChunkCoding {
  return uncompressed === true ? plainCoding : nodeCoding;
}

/** How indexes at URLs are read and written, by the options of the stores. @throws as `readerOf` */
export function indexAccess(
  report: Report,
  options: Given = {},
): Required<Pick<IndexFileOptions, "opening">> {
  return { opening: () => openingOf(options, report) };
}

/** How a store is opened, by the options. @throws USAGE, NOT_FOUND, IO */
export function openingOf(options: Given, report: Report, digest?: ChunkDigest): OpenStoreOptions {
  const attemptCount = readCount("retries", options.retries, 1, 1000);
  const path = options["header-file"];
  const { jobCount } = jobsOf(options);
  const token = readToken(options["token-file"]);
  const access = storeAccess(report);
  return {
    ...(digest && { digest }),
    ...(token !== undefined && { token }),
    coding: codingOf(options),
    ...access,
    http: {
      ...access.http,
      ...(attemptCount !== undefined && { attemptCount }),
      ...(jobCount !== undefined && { requestCount: jobCount }),
      ...(path !== undefined && { headers: readHeaders(readSecretFile(path)) }),
    },
  };
}

function readHeaders(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined) throw new SyncError("USAGE", "--header-file has a line that is no header");
      return [name, value!];
    }),
  );
}

/** True where what failed with one chunk fails with every other one. */
export function isSoWithAll(thrown: unknown): boolean {
  return isSyncError(thrown, "UNAUTHORIZED") || isSyncError(thrown, "NO_SPACE");
}
