import { bucketRegister, checkTerms } from "../../bucket/bucket-register.ts";
import { nodeFetch } from "../../bucket/node-fetch.node.ts";
import { redisRegister } from "../../coordinator/redis-register.node.ts";
import type { Register } from "../../coordinator/register.ts";
import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import { openPlace } from "./bucket-place.ts";

const maxLeaseSeconds = 86_400;
const attemptCount = 5;

/** The options of commands whose work many hosts share. */
export const coordinatorOptions = {
  coordinator: {
    type: "string",
    value: "URL",
    about: "share the work with other processes, on any hosts: redis://HOST, rediss://, s3://BUCKET/PREFIX",
  },
  lease: {
    type: "string",
    value: "SECONDS",
    about: "without a sign of life for so long, what a process has is taken over; 30 unless given",
  },
} as const satisfies OptionSpecs;

/** The lease that is asked for, in milliseconds. @throws USAGE */
export function readLease({ coordinator, lease }: OptionValues<typeof coordinatorOptions>): {
  readonly leaseMs?: number;
} {
  const seconds = readCount("lease", lease, 1, maxLeaseSeconds);
  if (seconds === undefined) return {};
  if (coordinator === undefined) throw new SyncError("USAGE", "--lease goes with --coordinator");
  return { leaseMs: seconds * 1000 };
}

/**
 * Opens the register by which processes share work.
 *
 * @param name of the work, the same for all of them
 * @throws USAGE, UNSUPPORTED for a bucket that takes no terms; what registers throw
 */
export async function openCoordinator(place: string, name: string): Promise<Register> {
  if (/^rediss?:\/\//i.test(place)) return redisRegister(place, `rsync-stream:${name}`);
  if (!/^s3(?::|\+https?:)\/\//i.test(place))
    throw new SyncError("USAGE", "--coordinator takes redis://, rediss://, s3:// or s3+https://");
  const { bucket, prefix } = openPlace(place, {}, { attemptCount, fetch: nodeFetch() });
  const key = `${prefix}${name}.json`;
  await checkTerms(bucket, `${key}.terms-${crypto.randomUUID()}`);
  return bucketRegister(bucket, key);
}
