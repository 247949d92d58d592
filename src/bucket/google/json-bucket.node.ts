import { createHash } from "node:crypto";
import { inAnyOrder } from "../../bytes/in-any-order.ts";
import type { AbortOptions } from "../../types.ts";
import { type FailedDeletion, failuresOf } from "../failed-deletion.ts";
import type { NewBucketOptions, ObjectBucket, VersionKeeper } from "../object-bucket.ts";
import { orderedPages, orderedVersions } from "../ordered-pages.ts";
import { dateOf, type RequestOptions } from "../requests.ts";
import { AccessTokens, fetchWithToken } from "./access-tokens.node.ts";
import { listPages, listVersions } from "./json-listing.ts";
import { copyObject, deleteObject, headObject, readObject, writeObject } from "./json-objects.ts";
import { googleParts } from "./json-parts.ts";
import { answerOf, googleLimits, type GoogleRequests, googleRequests, refused } from "./json-requests.ts";
import type { ServiceAccount } from "./key-file.node.ts";
import { googleEndpoint } from "./xml-dialect.ts";

/** Which server a bucket lies at. */
const places = new WeakMap<ObjectBucket, string>();

/**
 * A bucket of Google behind its JSON interface, as a service account sees it.
 *
 * @param endpoint of the server; Google's own unless given
 */
export function googleBucket(
  name: string,
  account: ServiceAccount,
  options: RequestOptions & { readonly endpoint?: string | undefined } = {},
): ObjectBucket {
  const { endpoint = googleEndpoint, ...asked } = options;
  const { origin } = new URL(endpoint);
  const { fetch: call = fetch } = options;
  const known = { ...asked, fetch: fetchWithToken(call, new AccessTokens(account, asked)) };
  const requests = googleRequests(origin, name, known);
  const head: ObjectBucket["head"] = async (key, options) => headObject(requests, key, options);
  const bucket: ObjectBucket = {
    url: origin === googleEndpoint ? `gs://${name}` : `gs+${origin}/${name}`,
    name,
    get: async (key, maxBytes, options) =>
      (await readObject(requests, key, { ...options, mostBytes: maxBytes }))?.bytes,
    has: async (key, options) => (await head(key, options)) !== undefined,
    async put(key, bytes, contentType, options) {
      const metadata = { headers: { "content-type": contentType }, user: {} };
      await bucket.write(key, bytes, { ...options, metadata });
    },
    async renew(key, renewMs, options = {}) {
      const facts = await head(key, options);
      if (facts === undefined || Date.now() - facts.writtenMs < renewMs) return facts !== undefined;
      return (
        (await bucket.copy({ bucket, key }, key, { ...options, metadata: facts.metadata })) !== undefined
      );
    },
    delete: async (key, options) => deleteObject(requests, { key }, options),
    async *list(prefix, options) {
      for await (const page of listPages(requests, { prefix }, options)) yield* page;
    },
    listsRanges: true,
    pages: (range, options) => orderedPages(range, listPages(requests, range, options)),
    head,
    read: async (key, terms = {}) => readObject(requests, key, terms),
    write: async (key, bytes, terms = {}) =>
      writeObject(requests, key, bytes, terms, createHash("md5").update(bytes).digest("base64")),
    parts: googleParts(origin, name, known, async (key, signal) => head(key, signal && { signal })),
    firstPartBytes: async () => undefined,
    copiesFrom: (other) => places.get(other) === origin,
    copy: async (from, key, terms = {}) => copyObject(requests, from, key, terms),
    deleteMany: async (keys, options) =>
      deleteEach(
        requests,
        keys.map((key) => ({ key })),
        options,
      ),
    versions: versionsOf(requests),
    exists: async (options) =>
      requests.send(
        { method: "GET", query: { fields: "name" } },
        async (response) => {
          if (response.status === 200 || response.status === 404) return response.status === 200;
          throw await refused(response);
        },
        options,
      ),
    timeMs: async (options) =>
      requests.send(
        { method: "GET", query: { fields: "name" } },
        async (response) => dateOf(response),
        options,
      ),
    create: async (options = {}) => createBucket(requests, account.project, options),
  };
  places.set(bucket, origin);
  return bucket;
}

async function deleteEach(
  requests: GoogleRequests,
  doomed: readonly { readonly key: string; readonly id?: string }[],
  options: AbortOptions | undefined,
): Promise<readonly FailedDeletion[]> {
  const failed: FailedDeletion[] = [];
  await inAnyOrder(doomed, { count: googleLimits.googleDeletionCount }, async (one) => {
    failed.push(...(await failuresOf(one.key, deleteObject(requests, one, options), options?.signal)));
  });
  return failed;
}

async function createBucket(
  requests: GoogleRequests,
  project: string | undefined,
  { location, storageClass, signal }: NewBucketOptions,
): Promise<void> {
  const resource = { name: requests.name, location, storageClass };
  await requests.send(
    {
      method: "POST",
      isOfAll: true,
      query: project === undefined ? {} : { project },
      headers: { "content-type": "application/json" },
      body: new TextEncoder().encode(JSON.stringify(resource)),
    },
    answerOf,
    { signal },
  );
}

function versionsOf(requests: GoogleRequests): VersionKeeper {
  const query = { fields: "versioning" };
  return {
    isOn: async (options) =>
      requests.send(
        { method: "GET", query },
        async (response) => {
          const { versioning } = await answerOf(response);
          return (versioning as { readonly enabled?: unknown } | undefined)?.enabled === true;
        },
        options,
      ),
    async switchOn(options) {
      const body = new TextEncoder().encode(JSON.stringify({ versioning: { enabled: true } }));
      const headers = { "content-type": "application/json" };
      await requests.send(
        { method: "PATCH", query, headers, body },
        async (response) => answerOf(response),
        options,
      );
    },
    list: (prefix, options) => orderedVersions(listVersions(requests, prefix, options)),
    delete: async (versions, options) => deleteEach(requests, versions, options),
  };
}
