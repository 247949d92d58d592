import type { Call } from "../../bucket/answer.ts";
import { nodeFetch } from "../../bucket/node-fetch.node.ts";
import { readNamedFile } from "../options/named-file.ts";

/** Tries in all of a request that fails, unless told otherwise. */
export const usualAttemptCount = 8;

/**
 * What asks servers of buckets. It trusts the authorities in the file that `AWS_CA_BUNDLE` names,
 * in place of the system's, as Amazon's programs do.
 *
 * @throws NOT_FOUND, IO for a file that cannot be read
 */
export function bucketFetch(): Call {
  const path = process.env["AWS_CA_BUNDLE"];
  return nodeFetch(path ? { ca: readNamedFile(path) } : {});
}
