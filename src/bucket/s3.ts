import { isSyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { isMissingBucket } from "./missing-bucket.ts";
import type { NewBucketOptions, ObjectBucket, VersionKeeper } from "./object-bucket.ts";
import { orderedPages, orderedVersions } from "./ordered-pages.ts";
import { bodyOf, dateOf } from "./requests.ts";
import { deleteObjects, deleteOne } from "./s3-deletion.ts";
import { listPages, listVersions } from "./s3-listing.ts";
import { copyObject, headObject, readObject, writeObject } from "./s3-objects.ts";
import { s3Parts } from "./s3-parts.ts";
import { s3Streams } from "./s3-streams.ts";
import { readTags } from "./s3-tags.ts";
import { absent, accepted, askHead, refused } from "./s3-refusal.ts";
import {
  type S3BucketOptions,
  type S3Dialect,
  type S3Requests,
  s3Limits,
  s3Requests,
} from "./s3-requests.ts";
import { textOf } from "./told-content.ts";
import { encodeText, textIn } from "./xml-text.ts";

/** What Amazon's own servers can do, and most that speak their protocol. */
export const amazonDialect: S3Dialect = {
  deletesMany: true,
  copiesParts: true,
  hasVersions: true,
  hasTags: true,
  decompresses: false,
};

/** Which server a bucket of S3 lies at. */
const places = new WeakMap<ObjectBucket, string>();

/**
 * A bucket behind the protocol of S3.
 *
 * @param endpoint of the server, without the bucket
 */
export function s3Bucket(endpoint: string, name: string, options: S3BucketOptions = {}): ObjectBucket {
  const { dialect = amazonDialect } = options;
  const requests = s3Requests(endpoint, name, options);
  const bucket: ObjectBucket = {
    url: `s3+${requests.origin}/${name}`,
    name,
    async get(key, maxBytes, { signal } = {}) {
      return requests.send(
        { method: "GET", key },
        async (response) => {
          if (response.status === 404) return absent(response);
          if (response.status !== 200) throw await refused(response);
          return bodyOf(response, maxBytes);
        },
        { signal },
      );
    },
    has: async (key, options) =>
      askHead(
        requests,
        { key },
        async (response) => {
          if (response.status === 200 || response.status === 404) return response.status === 200;
          throw await refused(response);
        },
        options,
      ),
    put: async (key, bytes, contentType, options) =>
      requests.send(
        { method: "PUT", key, body: bytes, headers: { "content-type": contentType } },
        accepted,
        options,
      ),
    async renew(key, renewMs, { signal } = {}) {
      const facts = await headObject(requests, key, { signal });
      if (facts === undefined || Date.now() - facts.writtenMs < renewMs) return facts !== undefined;
      // What is replaced by itself has to be told anew.
      const { metadata } = facts;
      return (
        (await copyObject(requests, { bucket, key }, key, { metadata, ...(signal && { signal }) })) !==
        undefined
      );
    },
    delete: async (key, options) => deleteOne(requests, { key }, options),
    async *list(prefix, options) {
      for await (const page of listPages(requests, { prefix }, options)) yield* page;
    },
    listsRanges: true,
    pages: (range, options) => orderedPages(range, listPages(requests, range, options)),
    head: async (key, options) => headObject(requests, key, options),
    read: async (key, terms = {}) => readObject(requests, key, terms),
    write: async (key, bytes, terms = {}) => writeObject(requests, key, bytes, terms),
    ...(options.fetch?.sendsAnswers && { streams: s3Streams(requests) }),
    parts: s3Parts(requests, dialect),
    async firstPartBytes(key, options) {
      return (await headObject(requests, key, { ...options, partNumber: 1 }))?.sizeBytes;
    },
    copiesFrom: (other) => places.get(other) === requests.origin,
    copy: async (from, key, terms = {}) => copyObject(requests, from, key, terms),
    deleteMany: async (keys, options) =>
      deleteObjects(
        requests,
        keys.map((key) => ({ key })),
        dialect,
        options,
      ),
    ...(dialect.hasTags && { tags: async (key, options) => readTags(requests, key, options) }),
    ...(dialect.hasVersions && { versions: versionsOf(requests, dialect) }),
    exists: async (options) => bucketExists(requests, options),
    timeMs: async (options) =>
      requests.send({ method: "HEAD" }, async (response) => dateOf(response), options),
    create: async (options = {}) => createBucket(requests, options),
  };
  places.set(bucket, requests.origin);
  return bucket;
}

/** Some servers say that nothing is there to who they do not know; why is not told to a HEAD. */
async function bucketExists(requests: S3Requests, options?: AbortOptions): Promise<boolean> {
  try {
    return await askHead(
      requests,
      {},
      async (response) => {
        if (response.status !== 200) throw await refused(response);
        return true;
      },
      options,
    );
  } catch (thrown) {
    if (isMissingBucket(thrown) || (isSyncError(thrown, "IO") && thrown.detail.status === 404)) return false;
    throw thrown;
  }
}

async function createBucket(
  requests: S3Requests,
  { location, storageClass, signal }: NewBucketOptions,
): Promise<void> {
  const facts = [
    ...(location === undefined ? [] : [`<LocationConstraint>${encodeText(location)}</LocationConstraint>`]),
    ...(storageClass === undefined ? [] : [`<StorageClass>${encodeText(storageClass)}</StorageClass>`]),
  ].join("");
  const body = facts === "" ? "" : `<CreateBucketConfiguration>${facts}</CreateBucketConfiguration>`;
  await requests.send({ method: "PUT", body: new TextEncoder().encode(body) }, accepted, { signal });
}

function versionsOf(requests: S3Requests, dialect: S3Dialect): VersionKeeper {
  const query = { versioning: "" };
  return {
    isOn: async (options?: AbortOptions) =>
      requests.send(
        { method: "GET", query },
        async (response) => {
          if (response.status !== 200) throw await refused(response);
          const xml = await textOf(response, s3Limits.s3ErrorBytes);
          return textIn(xml, "Status") === "Enabled";
        },
        options,
      ),
    async switchOn(options) {
      const xml = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
      const body = new TextEncoder().encode(xml);
      await requests.send({ method: "PUT", query, body }, accepted, options);
    },
    list: (prefix, options) => orderedVersions(listVersions(requests, prefix, options)),
    delete: async (versions, options) => deleteObjects(requests, versions, dialect, options),
  };
}
