import type { ObjectMetadata } from "../object-bucket.ts";
import type { KnownObject } from "./same-content.node.ts";
import type { Work } from "./work.node.ts";

/** What an object has of which nothing is kept. */
export const noMetadata: ObjectMetadata = { headers: {}, user: {}, tags: {} };

/** What a copy gets of an object's metadata, and of its tags where both sides have such. */
export async function keptMetadata(
  { bucket, key, facts }: KnownObject,
  { keepsMetadata, destination, signal }: Work,
): Promise<ObjectMetadata> {
  if (!keepsMetadata) return noMetadata;
  const { metadata, tagCount = 0 } = facts;
  if (tagCount === 0 || !bucket.tags || !destination.bucket.tags) return metadata;
  return { ...metadata, tags: (await bucket.tags(key, { signal })) ?? {} };
}
