import { fileFactsIn, fileTimeOf } from "../../bucket/dir-facts.node.ts";
import type { ObjectBucket } from "../../bucket/object-bucket.ts";
import { nodeDigests } from "../../chunk/blake3.node.ts";
import { sha512_256Digest } from "../../chunk/sha512-256.ts";
import type { TreeFilter } from "../../tree/filter/tree-filter.ts";
import type { TreeSource } from "../../tree/source.ts";
import type { AbortOptions } from "../../types.ts";
import { bucketContent, type BucketFile, readObject } from "./bucket-content.node.ts";
import { type BucketTop, listBucket, usualFileMode } from "./bucket-listing.node.ts";

/** What of a bucket is sent. */
export interface BucketSourceOptions extends AbortOptions {
  /** Leaves out what its rules for senders exclude. */
  readonly filter?: TreeFilter | undefined;
  /**
   * Lets a receiver compare content of the same size before it asks for any. What differs is read
   * once more then, by many small requests.
   */
  readonly comparesContent?: boolean | undefined;
}

/**
 * Opens the objects whose keys begin with a path as a tree, or the one object that has it as a
 * file. As with directories, `photos/` is what is below it and `photos` is sent under that name.
 * Times and modes are those that rclone and s3fs keep in metadata; an object without any has the
 * time at which it was written.
 *
 * @param path below the bucket, without a slash in front
 */
export async function openBucketSource(
  bucket: ObjectBucket,
  path: string,
  { filter, comparesContent = false, signal }: BucketSourceOptions = {},
): Promise<TreeSource<BucketFile>> {
  const bare = path.replace(/\/+$/, "");
  const name = bare.split("/").at(-1)!;
  const isContents = path === "" || path.endsWith("/");
  const facts = isContents ? undefined : await bucket.head(bare, signal ? { signal } : {});
  const content = bucketContent(bucket);
  const top: BucketTop = {
    bucket,
    prefix: bare === "" ? "" : `${bare}/`,
    layout: isContents ? "contents" : "named",
    name: isContents ? "." : name,
  };
  return {
    layout: top.layout,
    digests: [...nodeDigests, sha512_256Digest],
    takesAnyDigest: true,
    async *entries(options) {
      if (!facts) return yield* listBucket(top, filter, options);
      const { mode = usualFileMode } = fileFactsIn(facts.metadata);
      const [size, bytes] = [facts.sizeBytes, new TextEncoder().encode(name)];
      const entry = { depth: 0, name: bytes, kind: "file", size, mode, ...fileTimeOf(facts) } as const;
      yield [{ entry, file: { key: bare, path: name, size, mark: facts.mark } }];
    },
    cut: (files, spec, options) => content.cut(files, spec, options),
    ...(comparesContent && {
      scan: (files, room, visitor, options) => content.scan(files, room, visitor, options),
    }),
    read: async (file, offset, size, options) => readObject(bucket, file, offset, size, options),
    close: async () => {}, // the bucket is the caller's
  };
}
