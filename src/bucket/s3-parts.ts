import type { Answer } from "./answer.ts";
import { SyncError } from "../errors.ts";
import { etagOf } from "./etag.ts";
import type { PartUpload, PartWriter } from "./object-bucket.ts";
import {
  classHeader,
  copiedEtag,
  copyHeaders,
  copyPatienceBytes,
  metadataHeaders,
  s3PartLimits,
  termHeaders,
} from "./s3-objects.ts";
import { absent, accepted, failedBy, refused } from "./s3-refusal.ts";
import { type S3Dialect, type S3Requests, s3Limits } from "./s3-requests.ts";
import { textOf } from "./told-content.ts";
import { encodeText, textIn } from "./xml-text.ts";

/** Writes objects of a bucket in parts. */
export function s3Parts(requests: S3Requests, { copiesParts }: S3Dialect): PartWriter {
  return {
    limits: s3PartLimits,
    begin: (key, metadata, options = {}) =>
      requests.send(
        {
          method: "POST",
          key,
          query: { uploads: "" },
          headers: { ...metadataHeaders(metadata), ...classHeader(options) },
        },
        async (response) => {
          if (response.status !== 200) throw await refused(response);
          const xml = await textOf(response, s3Limits.s3ErrorBytes);
          const id = textIn(xml, "UploadId");
          if (id === undefined) throw failedBy(response, xml, "no upload");
          return { key, id };
        },
        options,
      ),
    write: (upload, { number }, bytes, options) =>
      requests.send(
        { method: "PUT", key: upload.key, query: queryOf(upload, number), body: bytes },
        async (response) => {
          await known(response);
          await accepted(response);
          return { number, etag: etagOf(response.headers.get("etag")) ?? "" };
        },
        options,
      ),
    ...(copiesParts && {
      copy: (upload, { number, offset, length }, from, options) =>
        requests.send(
          {
            method: "PUT",
            key: upload.key,
            query: queryOf(upload, number),
            headers: {
              ...copyHeaders(from),
              "x-amz-copy-source-range": `bytes=${offset}-${offset + length - 1}`,
            },
          },
          async (response) => {
            await known(response);
            return { number, etag: await copiedEtag(response) };
          },
          { ...options, contentBytes: copyPatienceBytes },
        ),
    }),
    complete: (upload, parts, terms = {}) => {
      const list = parts
        .map(
          ({ number, etag }) =>
            `<Part><PartNumber>${number}</PartNumber><ETag>${encodeText(etag)}</ETag></Part>`,
        )
        .join("");
      const body = new TextEncoder().encode(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`);
      return requests.send(
        {
          method: "POST",
          key: upload.key,
          query: { uploadId: upload.id },
          body,
          headers: termHeaders(terms),
        },
        async (response) => {
          await known(response);
          return copiedEtag(response);
        },
        { signal: terms.signal, contentBytes: copyPatienceBytes },
      );
    },
    abandon: (upload, options) =>
      requests.send(
        { method: "DELETE", key: upload.key, query: { uploadId: upload.id } },
        async (response) => {
          if (response.status === 404) await absent(response);
          else await accepted(response);
        },
        options,
      ),
  };
}

function queryOf({ id }: PartUpload, number: number): Record<string, string> {
  return { partNumber: `${number}`, uploadId: id };
}

/** @throws NOT_FOUND for an answer that says that there is no such upload */
async function known(response: Answer): Promise<void> {
  if (response.status !== 404) return;
  await absent(response);
  throw new SyncError("NOT_FOUND", "the upload is no longer known to the server");
}
