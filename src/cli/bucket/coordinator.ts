import { bucketRegister, checkTerms } from "../../bucket/bucket-register.ts";
import { bucketFetch } from "./bucket-fetch.ts";
import { redisRegister } from "../../coordinator/redis-register.node.ts";
import type { Register } from "../../coordinator/register.ts";
import { SyncError } from "../../errors.ts";
import type { AbortOptions } from "../../types.ts";
import { openPlace, type PlaceSettings } from "./bucket-place.ts";

const attemptCount = 5;

/**
 * Opens the register by which processes share work.
 *
 * @param name of the work, the same for all of them
 * @param options with what the command line says of the server of a bucket
 * @throws USAGE, UNSUPPORTED for a bucket that takes no terms; what registers throw
 */
export async function openCoordinator(
  place: string,
  name: string,
  options: PlaceSettings & AbortOptions = {},
): Promise<Register> {
  if (/^rediss?:\/\//i.test(place)) return redisRegister(place, `rsync-stream:${name}`);
  if (!/^s3(?::|\+https?:)\/\//i.test(place))
    throw new SyncError("USAGE", "--coordinator takes redis://, rediss://, s3:// or s3+https://");
  const { bucket, prefix } = openPlace(place, options, { attemptCount, fetch: bucketFetch() });
  const key = `${prefix}${name}.json`;
  await checkTerms(bucket, `${key}.terms-${crypto.randomUUID()}`, options);
  return bucketRegister(bucket, key);
}
