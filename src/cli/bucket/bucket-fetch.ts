import { readFileSync } from "node:fs";
import { nodeFetch } from "../../bucket/node-fetch.node.ts";
import { toSyncError } from "../../errors.ts";

/**
 * What asks servers of buckets. It trusts the authorities in the file that `AWS_CA_BUNDLE` names,
 * in place of the system's, as Amazon's programs do.
 *
 * @throws NOT_FOUND, IO for a file that cannot be read
 */
export function bucketFetch(): typeof fetch {
  const path = process.env["AWS_CA_BUNDLE"];
  return nodeFetch(path ? { ca: readBundle(path) } : {});
}

function readBundle(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw toSyncError(thrown, "IO", { path });
  }
}
