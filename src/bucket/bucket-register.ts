import type { Register } from "../coordinator/register.ts";
import { recordLimits } from "../coordinator/work-record.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { isGoneOrChanged } from "./missing-bucket.ts";
import type { AbortOptions } from "../types.ts";
import type { ObjectBucket } from "./object-bucket.ts";

/**
 * A register that is one object of a bucket, at who takes terms about what a request replaces: S3
 * and most that speak its protocol.
 */
export function bucketRegister(bucket: ObjectBucket, key: string): Register {
  return {
    async read(options) {
      const found = await bucket.read(key, { ...options, mostBytes: recordLimits.recordBytes });
      return found && { text: new TextDecoder().decode(found.bytes), version: found.facts.mark };
    },
    async replace(text, version, options) {
      try {
        await bucket.write(key, new TextEncoder().encode(text), {
          ...options,
          replaces: version,
          metadata: { headers: { "content-type": "application/json" }, user: {} },
        });
        return true;
      } catch (thrown) {
        if (isGoneOrChanged(thrown)) return false;
        if (isSyncError(thrown, "UNSUPPORTED"))
          throw new SyncError("UNSUPPORTED", "that bucket takes no terms about what is replaced", {
            cause: thrown,
          });
        throw thrown;
      }
    },
    close: async () => {},
  };
}

/**
 * Finds out whether a bucket takes terms: a server that ignores them would let two processes
 * believe that each has replaced a record.
 *
 * @param key of an object that is written for it, and deleted
 * @throws UNSUPPORTED
 */
export async function checkTerms(
  bucket: ObjectBucket,
  key: string,
  options: AbortOptions = {},
): Promise<void> {
  const register = bucketRegister(bucket, key);
  await bucket.write(key, new Uint8Array([1]), options);
  const isTold =
    !(await register.replace("new", null, options)) && !(await register.replace("other", wrongMark, options));
  await bucket.delete(key, options);
  if (isTold) return;
  throw new SyncError("UNSUPPORTED", "that bucket ignores terms about what is replaced");
}

/** The ETag of no object. */
const wrongMark = "0".repeat(32);
