import { AwsV4Signer } from "aws4fetch";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createSigner } from "../../../src/bucket/sign-request.ts";
import { encodeKey } from "../../../src/bucket/s3-requests.ts";

const credentials = {
  accessKey: "AKIAIOSFODNN7EXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const nowMs = Date.UTC(2013, 4, 24);

/** Two of the examples on Amazon's page about signatures of S3. */
test("signs as Amazon's own examples", () => {
  const sign = createSigner("us-east-1");
  const host = "https://examplebucket.s3.amazonaws.com";
  const ranged = sign(
    { method: "GET", url: `${host}/test.txt`, headers: { Range: "bytes=0-9" } },
    credentials,
    nowMs,
  );
  expect(ranged["authorization"]).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
  const listed = sign(
    { method: "GET", url: `${host}/?max-keys=2&prefix=J`, headers: {} },
    credentials,
    nowMs,
  );
  expect(listed["authorization"]).toMatch(
    /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/,
  );
});

const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/);
const values = fc.stringMatching(/^[!-~]([ -~]{0,12}[!-~])?$/);
const requests = fc.record({
  method: fc.constantFrom("GET", "PUT", "HEAD", "DELETE", "POST"),
  key: fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((key) => !/(^|\/)\.\.?(\/|$)/.test(key)),
  query: fc.dictionary(names, fc.stringMatching(/^[A-Za-z0-9]{0,8}$/), { maxKeys: 4 }),
  headers: fc.dictionary(
    names.map((name) => `x-amz-meta-${name}`),
    values,
    { maxKeys: 4 },
  ),
  body: fc.option(fc.uint8Array({ maxLength: 100 }), { nil: undefined }),
  region: fc.constantFrom("us-east-1", "auto"),
  sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9/+=]{1,20}$/), { nil: undefined }),
});

test("signs any request as another library does", async () => {
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, key, query, headers, body, region, sessionToken }) => {
      const asked = new URLSearchParams(query).toString();
      const url = `http://127.0.0.1:7070/bucket/${encodeKey(key)}${asked === "" ? "" : `?${asked}`}`;
      const token = sessionToken !== undefined && { sessionToken };
      const sign = createSigner(region);
      const own = sign({ method, url, headers, body }, { ...credentials, ...token }, nowMs);
      const other = await new AwsV4Signer({
        method,
        url,
        headers: { ...headers, "x-amz-content-sha256": own["x-amz-content-sha256"]! },
        accessKeyId: credentials.accessKey,
        secretAccessKey: credentials.secretKey,
        ...token,
        service: "s3",
        region,
        datetime: own["x-amz-date"]!,
      }).sign();
      expect(own["authorization"]).toBe(other.headers.get("authorization"));
      // The key of a day is used again, another day has another one.
      const later = sign({ method, url, headers, body }, credentials, nowMs + 86_400_000);
      expect(later["authorization"]).not.toBe(own["authorization"]);
    }),
    { numRuns: 200 },
  );
});

test("signs contents, and credentials that change", () => {
  const sign = createSigner("us-east-1");
  const request = { method: "PUT", url: "http://h/b/k", headers: {} };
  const signatures = [
    sign({ ...request, body: new Uint8Array([1]) }, credentials, nowMs),
    sign({ ...request, body: new Uint8Array([2]) }, credentials, nowMs),
    sign(request, { ...credentials, secretKey: "another" }, nowMs),
    sign(request, credentials, nowMs),
    // Characters of headers are bytes on the wire.
    sign({ ...request, headers: { "x-amz-meta-a": "\u00c3\u00a4" } }, credentials, nowMs),
    sign({ ...request, headers: { "x-amz-meta-a": "\u00e4" } }, credentials, nowMs),
  ].map((headers) => headers["authorization"]!.slice(-64));
  expect(new Set(signatures).size).toBe(signatures.length);
});
