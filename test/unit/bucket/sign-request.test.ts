import { expect, test } from "vitest";
import { createSigner } from "../../../src/bucket/sign-request.ts";

const credentials = {
  accessKey: "AKIAIOSFODNN7EXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const nowMs = Date.UTC(2013, 4, 24);

/** Two of the examples on Amazon's page about signatures of S3. */
test("signs as Amazon's own examples", async () => {
  const sign = createSigner("us-east-1");
  const host = "https://examplebucket.s3.amazonaws.com";
  const ranged = await sign(
    { method: "GET", url: `${host}/test.txt`, headers: { Range: "bytes=0-9" } },
    credentials,
    nowMs,
  );
  expect(ranged["authorization"]).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
  const listed = await sign(
    { method: "GET", url: `${host}/?max-keys=2&prefix=J`, headers: {} },
    credentials,
    nowMs,
  );
  expect(listed["authorization"]).toMatch(
    /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/,
  );
});

test("signs contents, headers, credentials that change, and the day", async () => {
  const sign = createSigner("us-east-1");
  const request = { method: "PUT", url: "http://h/b/k", headers: {} };
  const signing = [
    sign({ ...request, body: new Uint8Array([1]) }, credentials, nowMs),
    sign({ ...request, body: new Uint8Array([2]) }, credentials, nowMs),
    sign(request, { ...credentials, secretKey: "another" }, nowMs),
    sign(request, credentials, nowMs),
    sign({ ...request, headers: { "x-amz-meta-a": "\u00c3\u00a4" } }, credentials, nowMs),
    sign({ ...request, headers: { "x-amz-meta-a": "\u00e4" } }, credentials, nowMs),
    sign(request, credentials, nowMs + 86_400_000),
  ];
  const signatures = (await Promise.all(signing)).map((headers) => headers["authorization"]!.slice(-64));
  expect(new Set(signatures).size).toBe(signatures.length);
});
