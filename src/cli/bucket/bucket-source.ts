import type { ObjectBucket } from "../../bucket/object-bucket.ts";
import type { Share } from "../../http/share.ts";
import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { refuseChoice } from "../options/refused-choice.ts";
import { bucketFetch, usualAttemptCount as attemptCount } from "./bucket-fetch.ts";
import { openPlace } from "./bucket-place.ts";

/**
 * A prefix of a bucket as what is sent: credentials, region and server are those of the
 * environment and the files of Amazon's programs.
 *
 * @throws USAGE, also for options that it cannot carry out
 */
export async function bucketSourceAt(
  place: string,
  options: OptionValues<OptionSpecs>,
  comparesContent: boolean,
): Promise<SourcePlace> {
  refuseChoice(options, "a source in a bucket");
  const { bucket, path } = openAt(place);
  const { openBucketSource } = await import("../../archive/bucket-tree/bucket-source.node.ts");
  return { openSource: async ({ filter }) => openBucketSource(bucket, path, { filter, comparesContent }) };
}

/** The same for jobs. @throws USAGE */
export async function bucketShareAt(place: string): Promise<Share> {
  const { bucket, path } = openAt(place.endsWith("/") ? place : `${place}/`);
  const { bucketShare } = await import("../../archive/bucket-tree/bucket-share.node.ts");
  return bucketShare(bucket, path);
}

/** A bucket, and the path in it that is meant, as it was given. */
function openAt(place: string): { readonly bucket: ObjectBucket; readonly path: string } {
  const { bucket, prefix } = openPlace(place, {}, { attemptCount, fetch: bucketFetch() });
  return { bucket, path: place.endsWith("/") ? prefix : prefix.replace(/\/$/, "") };
}
