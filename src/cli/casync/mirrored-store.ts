import type { ChunkId } from "../../chunk/chunk.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { IdSet } from "../../bytes/id-set.ts";
import { nodeCoding } from "../../casync/compressor.node.ts";
import { eachChunk } from "../../casync/index-reader.ts";
import {
  openChunkReader,
  openChunkWriter,
  openKeptChunks,
  type OpenStoreOptions,
  schemeOf,
} from "../../casync/open-store.node.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import type { MirrorOptions, MirrorSummary } from "../../mirror/mirror-options.ts";
import { receiveChunks } from "../../mirror/receive-chunks.ts";
import { sendChunks } from "../../mirror/send-chunks.ts";
import type { ChunkWriter } from "../../store/store.ts";
import type { Duplex } from "../../types.ts";
import type { Call, OptionSpecs, OptionValues } from "../command.ts";
import { readToken } from "../options/remote-options.ts";
import { livenessOf, timeoutOption } from "../options/session-options.ts";
import type { Report } from "../report/report.ts";
import { bytesTo } from "./blob-progress.ts";
import { type IndexFileOptions, openIndex } from "./index-file.ts";
import { storeAccess } from "./store-access.ts";
import { digestNamed, sizeOptions } from "./size-options.ts";
import { jobsOf, storeOptions } from "./store-options.ts";
import { countOf } from "../report/count-of.ts";

/** Options of a store whose chunks are sent to another. */
export const mirrorOptions = {
  digest: sizeOptions.digest,
  jobs: storeOptions.jobs,
  ...timeoutOption,
} as const satisfies OptionSpecs;

/** The option of the end that has the chunks. */
export const offerOption = {
  index: {
    type: "string",
    value: "INDEX",
    multiple: true,
    about: "the chunks of this index alone, and of more of them",
  },
} as const satisfies OptionSpecs;

type Given = OptionValues<typeof mirrorOptions>;

/** Of the commands that have it. */
interface TokenOption {
  readonly "token-file"?: string;
}

/** Holds the end that has the chunks. @throws USAGE for a place that cannot be listed */
export async function sendStore(
  place: string,
  duplex: Duplex,
  { options, report, signal }: MirrorCall<typeof offerOption>,
): Promise<MirrorSummary> {
  const digest = digestNamed(options.digest);
  const form = storeFormOf(options, report, digest);
  const send = async (store: Parameters<typeof sendChunks>[0], ids: AsyncIterable<ChunkId>) =>
    sendChunks(store, ids, duplex, { ...sessionOf(options, report, signal), digest });
  if (options.index === undefined) {
    if (["http", "https"].includes(schemeOf(place) ?? ""))
      throw new SyncError(
        "USAGE",
        "a store behind http: cannot be listed; name an --index, or its server by ws:",
      );
    await using store = openKeptChunks(place, form);
    return await send(store, keptIds(store.kept({ signal })));
  }
  await using store = openChunkReader([place], form);
  return await send(store, namedIds(options.index, { signal, opening: () => storeFormOf(options, report) }));
}

/** Looks for the store to send from, before the other end is called. @throws NOT_FOUND */
export async function checkStoreAt(
  place: string,
  { options, report }: MirrorCall<OptionSpecs>,
): Promise<void> {
  await openChunkReader([place], storeFormOf(options, report)).close();
}

/**
 * Holds the end that lacks them, and makes a store when the other end has one.
 *
 * @throws USAGE, NOT_FOUND
 */
export async function receiveStore(
  place: string,
  duplex: Duplex,
  { options, report, signal }: MirrorCall<OptionSpecs>,
): Promise<MirrorSummary> {
  const digest: ChunkDigest = digestNamed(options.digest);
  let store: ChunkWriter | undefined;
  const open = (): ChunkWriter =>
    (store = openChunkWriter(place, { ...storeFormOf(options, report, digest), create: true }));
  return closingInTheEnd(
    () => receiveChunks(open, duplex, { ...sessionOf(options, report, signal), digest }),
    async () => store?.close(),
  );
}

/** Says what was moved. @throws PARTIAL when that is not all */
export function reportMirror(report: Report, { listed, moved, failed, ...bytes }: MirrorSummary): void {
  const there = listed - moved - failed;
  const were = there === 1 ? "was" : "were";
  report.notice(`${countOf(listed, "chunk")}: ${moved} moved, ${there} ${were} there`, {
    chunks: listed,
    moved,
    failed,
    ...bytes,
  });
  if (failed > 0) throw new SyncError("PARTIAL", `${countOf(failed, "chunk")} could not be moved`);
}

type MirrorCall<Specs extends OptionSpecs> = Pick<Call<OptionSpecs, never>, "report" | "signal"> & {
  readonly options: Given & TokenOption & OptionValues<Specs>;
};

function storeFormOf(options: Given & TokenOption, report: Report, digest?: ChunkDigest): OpenStoreOptions {
  const token = readToken(options["token-file"]);
  return { ...(digest && { digest }), ...(token !== undefined && { token }), ...storeAccess(report) };
}

function sessionOf(options: Given, report: Report, signal: AbortSignal): MirrorOptions {
  const progress = bytesTo(report);
  return {
    ...livenessOf({ ...options, duplex: true }),
    ...jobsOf(options),
    coding: nodeCoding,
    signal,
    onTrouble: (error) => report.trouble(error),
    onProgress: ({ movedBytes }) => progress(movedBytes),
  };
}

/** The ids of what a store has. */
export async function* keptIds(kept: AsyncIterable<{ readonly id: ChunkId }>): AsyncGenerator<ChunkId> {
  for await (const { id } of kept) yield id;
}

/** The chunks that indexes name, each once. */
async function* namedIds(places: readonly string[], options: IndexFileOptions): AsyncGenerator<ChunkId> {
  const seen = new IdSet();
  for (const place of places)
    for await (const { id } of eachChunk(await openIndex(place, options))) if (seen.add(id)) yield id;
}
