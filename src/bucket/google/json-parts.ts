import type { Call } from "../answer.ts";
import { SyncError } from "../../errors.ts";
import { changedMeanwhile } from "../changed-meanwhile.ts";
import type { ObjectFacts, PartWriter } from "../object-bucket.ts";
import type { RequestOptions } from "../requests.ts";
import { s3Parts } from "../s3-parts.ts";
import { s3Requests } from "../s3-requests.ts";
import { googleDialect } from "./xml-dialect.ts";

/**
 * Writes objects in parts, which the XML interface has and the JSON one has not. It takes no terms:
 * what is replaced is looked at shortly before.
 *
 * @param options with a `fetch` that shows who asks
 * @param head what is known of an object of the bucket
 */
export function googleParts(
  origin: string,
  name: string,
  { fetch: call = fetch, ...options }: RequestOptions,
  head: (key: string, signal: AbortSignal | undefined) => Promise<ObjectFacts | undefined>,
): PartWriter {
  const requests = s3Requests(origin, name, { ...options, fetch: inWordsOfGoogle(call), lookup: "path" });
  const parts = s3Parts(requests, googleDialect);
  return {
    ...parts,
    async complete(upload, list, { replaces, signal } = {}) {
      if (replaces !== undefined && ((await head(upload.key, signal))?.mark ?? null) !== replaces)
        throw changedMeanwhile();
      await parts.complete(upload, list, signal && { signal });
      const made = await head(upload.key, signal);
      if (made === undefined) throw new SyncError("CHANGED", "it was deleted by somebody else meanwhile");
      return made.mark;
    },
  };
}

/** Who shows a token is understood when headers have the names that Google gave them. */
function inWordsOfGoogle(call: Call): Call {
  return async (url, init = {}) => {
    const headers = [...new Headers(init.headers)].map(([name, value]) => [
      name.replace(/^x-amz-/, "x-goog-"),
      value,
    ]);
    return call(url, { ...init, headers: Object.fromEntries(headers) as Record<string, string> });
  };
}
