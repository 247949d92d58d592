import { expect, test } from "vitest";
import { s3Bucket } from "../../../../src/bucket/s3.ts";
import { googleOptions } from "../../../../src/bucket/google/xml-dialect.ts";
import { metadataHeaders } from "../../../../src/bucket/s3-objects.ts";
import { noMetadata } from "../../../../src/bucket/sync/kept-metadata.node.ts";

test("tags are taken away only where there are such: others would refuse the words for it", () => {
  const here = "http://127.0.0.1:1";
  const [known, unknown] = [s3Bucket(here, "b"), s3Bucket(here, "b", googleOptions)].map((bucket) =>
    noMetadata({ destination: { bucket, prefix: "" } }),
  );
  expect(known).toEqual({ headers: {}, user: {}, tags: {} });
  expect(unknown).toEqual({ headers: {}, user: {} });
  expect(metadataHeaders(unknown)).toEqual({});
});
