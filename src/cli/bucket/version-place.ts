import { basename, resolve } from "node:path";
import { bucketFetch, usualAttemptCount } from "./bucket-fetch.ts";
import { bucketChunks } from "../../casync/bucket-chunks.ts";
import { nodeCoding } from "../../casync/compressor.node.ts";
import { checkIndexName } from "../../casync/index-store.ts";
import type { KeptChunks } from "../../casync/kept-chunks.ts";
import type { VersionPlace } from "../../casync/push-version.ts";
import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import { openPlace } from "./bucket-place.ts";

/** Options of the commands for versions in buckets. */
export const versionOptions = {
  endpoint: { type: "string", value: "URL", about: "the server of s3:// and gs://" },
  region: { type: "string", value: "NAME", about: "the region of s3://" },
  profile: { type: "string", value: "NAME", about: "whose credentials of the files to use" },
  retries: { type: "string", value: "N", about: "tries in all of a request that fails; 8 unless given" },
} as const satisfies OptionSpecs;

/** The option that names what versions are of. */
export const nameOption = {
  name: {
    type: "string",
    value: "NAME",
    about: "what it is kept as; the name of the tree or file unless given",
  },
} as const satisfies OptionSpecs;

/** A store of versions, and what was sent to it. */
export interface OpenedVersions extends VersionPlace {
  readonly chunks: KeptChunks;
  readonly sent: { objects: number; bytes: number };
}

/** Opens the store of versions that a place stands for. @throws USAGE, NOT_FOUND */
export async function openVersions(
  place: string,
  options: OptionValues<typeof versionOptions>,
  signal: AbortSignal,
): Promise<OpenedVersions> {
  const attemptCount = readCount("retries", options.retries, 1, 1000) ?? usualAttemptCount;
  const { bucket, prefix } = openPlace(place, options, { attemptCount, fetch: bucketFetch() });
  if (!(await bucket.exists({ signal })))
    throw new SyncError(
      "NOT_FOUND",
      `${bucket.url} is not there: a store is in a bucket or directory that is`,
    );
  const sent = { objects: 0, bytes: 0 };
  const counted: typeof bucket = {
    ...bucket,
    async put(key, bytes, contentType, options) {
      await bucket.put(key, bytes, contentType, options);
      sent.objects++;
      sent.bytes += bytes.length;
    },
  };
  const chunks = bucketChunks(counted, { prefix: prefix.replace(/\/$/, ""), coding: nodeCoding });
  return { bucket, prefix, chunks, sent };
}

/** The name that versions of a path have. @throws PATH for one that leads elsewhere */
export function nameFor(path: string, given: string | undefined): string {
  return checkIndexName(given ?? basename(resolve(path)));
}
