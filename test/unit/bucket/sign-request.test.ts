import { AwsV4Signer } from "aws4fetch";
import { expect, test } from "vitest";
import { sha256 } from "../../../src/chunk/digest.ts";
import { toHex } from "../../../src/bytes/hex.ts";
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
  const signing = await Promise.all([
    sign({ ...request, body: new Uint8Array([1]) }, credentials, nowMs),
    sign({ ...request, body: new Uint8Array([2]) }, credentials, nowMs),
    sign(request, { ...credentials, secretKey: "another" }, nowMs),
    sign(request, credentials, nowMs),
    sign({ ...request, headers: { "x-amz-meta-a": "\u00c3\u00a4" } }, credentials, nowMs),
    sign({ ...request, headers: { "x-amz-meta-a": "\u00e4" } }, credentials, nowMs),
    sign(request, credentials, nowMs + 86_400_000),
  ]);
  const signatures = signing.map((headers) => headers["authorization"]!.slice(-64));
  expect(new Set(signatures).size).toBe(signatures.length);
});

test("signs all values of a name, in whatever order they are", async () => {
  const sign = createSigner("us-east-1");
  const signatures = await Promise.all(
    ["a=1&b=1&b=2", "b=2&a=1&b=1", "a=1&b=1", "a=1&b=2"].map(async (query) => {
      const signed = await sign(
        { method: "GET", url: `http://h/b/?${query}`, headers: {} },
        credentials,
        nowMs,
      );
      return signed["authorization"]!.slice(-64);
    }),
  );
  expect(signatures[1]).toBe(signatures[0]);
  expect(new Set(signatures).size).toBe(3);
});

test("signs by what credentials are at the time, also where they are changed in their place", async () => {
  const sign = createSigner("us-east-1");
  const request = { method: "GET", url: "http://h/b/k", headers: {} };
  const changing = { ...credentials };
  const before = await sign(request, changing, nowMs);
  changing.secretKey = "another";
  const after = await sign(request, changing, nowMs);
  expect(after["authorization"]).not.toBe(before["authorization"]);
  expect(await sign(request, credentials, nowMs)).toEqual(before);
});

test.each<[string, string, Record<string, string>, string]>([
  ["a key of all kinds of letters", "/b/%C3%A4%20%28x%29/%2B%21//~", {}, "secret"],
  ["names of which one begins as another", "?a-b=2&a=1&A=0&uploads&b=%20", {}, "secret"],
  ["spaces in headers, and their case", "/k", { "X-Amz-Meta-A": "  a   b ", Range: "bytes=0-9" }, "secret"],
  ["a key to sign with that is longer than a block", "/k", {}, "secret".repeat(20)],
  ["headers for caches", "/k", { "cache-control": "no-cache", expires: "0" }, "secret"],
  ["a session", "/k", {}, "secret"],
])("signs as another program does: %s", async (name, path, headers, secretKey) => {
  const sessionToken = name === "a session" ? "token/+=" : undefined;
  const url = `http://host:9000${path}`;
  const body = new Uint8Array([1, 2, 3]);
  const own = await createSigner("eu-west-1")(
    { method: "PUT", url, headers, body },
    { accessKey: "access", secretKey, ...(sessionToken !== undefined && { sessionToken }) },
    nowMs,
  );
  const other = new AwsV4Signer({
    method: "PUT",
    url,
    headers: { ...headers, "x-amz-content-sha256": toHex(sha256(body)) },
    accessKeyId: "access",
    secretAccessKey: secretKey,
    ...(sessionToken !== undefined && { sessionToken }),
    service: "s3",
    region: "eu-west-1",
    allHeaders: true,
    datetime: "20130524T000000Z",
  });
  expect(own["authorization"]).toBe((await other.sign()).headers.get("authorization"));
});
