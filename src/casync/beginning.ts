import type { ExactReader } from "../bytes/exact-reader.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/**
 * The bytes that something begins with.
 *
 * @param what it is to be, for messages
 * @throws TRUNCATED when there are fewer, and what the source does
 */
export async function readBeginning(reader: ExactReader, count: number, what: string): Promise<Bytes> {
  try {
    return await reader.read(count);
  } catch (thrown) {
    if (!isSyncError(thrown, "TRUNCATED") || thrown.detail.limit !== count) throw thrown;
    const { actual } = thrown.detail;
    const message =
      actual === 0 ? `this is empty, not ${what}` : `after ${actual} bytes this is not yet ${what}`;
    throw new SyncError("TRUNCATED", message, { cause: thrown, detail: thrown.detail });
  }
}
