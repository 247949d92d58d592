import { SyncError } from "../errors.ts";
import type { ContentStreams } from "./object-bucket.ts";
import { classHeader, factsOf, md5InBase64, metadataHeaders, termHeaders } from "./s3-objects.ts";
import { absent, accepted, refused } from "./s3-refusal.ts";
import type { S3Requests } from "./s3-requests.ts";
import { lengthIn } from "./told-content.ts";

/** Reads and writes objects of a bucket whose content is never in memory as a whole. */
export function s3Streams(requests: S3Requests): ContentStreams {
  return {
    read: async (key, use, { ifMark, sizeBytes, signal }) =>
      requests.send(
        { method: "GET", key, headers: { "if-match": `"${ifMark}"` } },
        async (response) => {
          if (response.status === 404) return absent(response);
          if (response.status !== 200) throw await refused(response);
          return use({ answer: response, facts: factsOf(response, lengthIn(response)) });
        },
        { signal, contentBytes: sizeBytes, isOnce: true },
      ),
    write: async (key, { answer, facts }, md5, terms = {}) =>
      requests.send(
        {
          method: "PUT",
          key,
          headers: {
            ...metadataHeaders(terms.metadata),
            ...classHeader(terms),
            ...termHeaders(terms),
            "content-md5": md5InBase64(md5),
          },
          streamed: answer,
        },
        async (response) => {
          await accepted(response);
          const written = factsOf(response, facts.sizeBytes);
          if ((written.md5 ?? md5) !== md5)
            throw new SyncError("CORRUPT", "the server wrote something else than it was sent");
          return written.etag ?? "";
        },
        { signal: terms.signal, contentBytes: facts.sizeBytes },
      ),
  };
}
