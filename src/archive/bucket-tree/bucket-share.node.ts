import type { ObjectBucket } from "../../bucket/object-bucket.ts";
import { decodeByteText } from "../../bytes/byte-text.ts";
import { filterOfPeer } from "../../http/peer-filter.node.ts";
import type { Share } from "../../http/share.ts";
import { openBucketSource } from "./bucket-source.node.ts";

/**
 * What lies below a prefix of a bucket, for receivers alone.
 *
 * @param prefix of keys, with a slash at its end; nothing for the whole bucket
 */
export function bucketShare(bucket: ObjectBucket, prefix: string): Share {
  return {
    orderFields: ["deletesExcluded", "filter"],
    async openTree({ components, contents }, { order = {}, signal }) {
      const path = components.map(decodeByteText).join("/");
      const place = `${prefix}${path}${contents && path !== "" ? "/" : ""}`;
      const filter = filterOfPeer(order);
      return { source: await openBucketSource(bucket, place, { filter, ...(signal && { signal }) }) };
    },
    close: async () => bucket.close?.(),
  };
}
