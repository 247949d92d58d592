import type { ObjectMetadata } from "../object-bucket.ts";
import type { KnownObject } from "./same-content.node.ts";
import type { Work } from "./work.node.ts";

/** What an object gets of which nothing is kept: no tags, where the destination knows such. */
export function noMetadata({ destination }: Pick<Work, "destination">): ObjectMetadata {
  return { headers: {}, user: {}, ...(destination.bucket.tags && { tags: {} }) };
}

/** What a copy gets of an object's metadata, and of its tags where both sides have such. */
export async function keptMetadata(
  { bucket, key, facts }: KnownObject,
  work: Pick<Work, "destination" | "keepsMetadata" | "signal">,
): Promise<ObjectMetadata> {
  const { keepsMetadata, destination, signal } = work;
  if (!keepsMetadata) return noMetadata(work);
  const { metadata, tagCount = 0 } = facts;
  if (tagCount === 0 || !bucket.tags || !destination.bucket.tags) return metadata;
  return { ...metadata, tags: (await bucket.tags(key, { signal })) ?? {} };
}
