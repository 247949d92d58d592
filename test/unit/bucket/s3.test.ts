import { expect, test } from "vitest";
import { bucketRegister } from "../../../src/bucket/bucket-register.ts";
import { openS3 } from "../../../src/bucket/s3-place.ts";
import { s3Limits } from "../../../src/bucket/s3-requests.ts";
import { s3Bucket } from "../../../src/bucket/s3.ts";
import { googleDialect } from "../../../src/bucket/google/xml-dialect.ts";
import type { ObjectBucket } from "../../../src/bucket/object-bucket.ts";
import type { SyncError } from "../../../src/errors.ts";
import { collect } from "../casync/vectors.ts";

const credentials = { accessKey: "key", secretKey: "secret" };

const page = (text: string): string => `<ListBucketResult>${text}</ListBucketResult>`;

/** A server that answers by the URL that is asked for. */
function answering(answer: (url: URL, init: RequestInit) => Response) {
  const asked: string[] = [];
  const call = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push(url);
    return answer(new URL(url), init);
  };
  return { asked, options: { credentials, fetch: call as typeof fetch, attemptCount: 2, retryMs: 0 } };
}

test("a listing goes on to its last page, and names are read as they were written", async () => {
  const pageOf = (keys: string[], next?: string): string =>
    page(
      `<EncodingType>url</EncodingType>${keys
        .map((key) => `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>`)
        .map((text) => `${text}<Size>7</Size></Contents>`)
        .join("")}${next ? `<NextContinuationToken>${next}</NextContinuationToken>` : ""}`,
    );
  const { asked, options } = answering((url) =>
    url.searchParams.has("continuation-token")
      ? new Response(pageOf(["p/%C3%A4+b"]))
      : new Response(pageOf(["p/a", "p/%26"], "x&amp;/+=")),
  );
  const found = await collect(s3Bucket("http://host:1", "b", options).list("p/"));
  expect(found.map(({ key }) => key)).toEqual(["p/a", "p/&", "p/ä b"]);
  expect(found[0]).toMatchObject({ key: "p/a", sizeBytes: 7, writtenMs: Date.UTC(2026, 0, 2, 3, 4, 5) });
  expect(new URL(asked[1]!).searchParams.get("continuation-token")).toBe("x&/+=");
});

test("keys of a server that does not escape them are as they are", async () => {
  const { options } = answering(() => new Response(page("<Contents><Key>a+b%41&amp;</Key></Contents>")));
  const found = await collect(s3Bucket("http://host:1", "b", options).list(""));
  expect(found.map(({ key }) => key)).toEqual(["a+b%41&"]);
});

test("a bucket stands in the path, or before the host where that is asked for or usual", async () => {
  const { asked, options } = answering(() => new Response(null, { status: 404 }));
  for (const place of [
    "s3+http://host:1/b/p",
    "s3+http://host:1/b?lookup=dns",
    "s3+https://s3.eu-west-1.amazonaws.com/b/p/q/",
    "s3+https://s3.eu-west-1.amazonaws.com/b?lookup=path",
  ]) {
    const { bucket, prefix } = openS3(place, options);
    expect(await bucket.has(`${prefix}/k (1)`)).toBe(false);
  }
  expect([...new Set(asked)]).toEqual([
    "http://host:1/b/p/k%20%281%29",
    "http://b.host:1//k%20%281%29",
    "https://b.s3.eu-west-1.amazonaws.com/p/q/k%20%281%29",
    "https://s3.eu-west-1.amazonaws.com/b//k%20%281%29",
  ]);
  for (const wrong of ["s3+http://host", "s3+http://", "s3+http://host/b?lookup=other"])
    expect(() => openS3(wrong)).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("what the server says is told, and what may pass is tried again", async () => {
  let status = 503;
  const { asked, options } = answering(
    () => new Response("<Error><Code>SlowDown</Code></Error>", { status }),
  );
  const bucket = s3Bucket("http://host:1", "b", options);
  await expect(bucket.get("k", 10)).rejects.toMatchObject({
    code: "UPSTREAM",
    message: "the server answers 503: SlowDown",
  });
  expect(asked.length).toBe(2);
  status = 403;
  await expect(bucket.get("k", 10)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(asked.length).toBe(3);
  status = 200;
  await expect(bucket.get("k", 10)).rejects.toMatchObject({ code: "LIMIT" });
});

test("requests are signed for their content", async () => {
  const seen: Headers[] = [];
  const { options } = answering((_, { headers }) => {
    seen.push(new Headers(headers));
    return new Response(null);
  });
  await s3Bucket("http://host:1", "b", { ...options, region: "eu" }).put(
    "k",
    Buffer.from("hi"),
    "text/plain",
  );
  expect(seen[0]!.get("authorization")).toMatch(
    /^AWS4-HMAC-SHA256 Credential=key\/\d{8}\/eu\/s3\/aws4_request/,
  );
  expect(seen[0]!.get("x-amz-content-sha256")).toMatch(/^8f434346648f6b96df89dda901c5176b/);
});

test.each([
  ["that is cut off", "<ListBucketResult><Contents>"],
  ["of something else", "<html></html>"],
  ["that says there is more and not where", page("<IsTruncated>true</IsTruncated>")],
  ["that leads on to itself", page("<NextContinuationToken>x</NextContinuationToken>")],
])("a listing %s is none", async (_, text) => {
  const { asked, options } = answering(() => new Response(text));
  const listed = collect(s3Bucket("http://host:1", "b", options).list("p/"));
  await expect(listed).rejects.toMatchObject({ code: "UPSTREAM" });
  expect(asked.length).toBeLessThanOrEqual(3);
});

test("a listing with a page behind each, and no end, is none", async () => {
  let count = 0;
  const { asked, options } = answering(
    () => new Response(page(`<NextContinuationToken>${count++}</NextContinuationToken>`)),
  );
  const listed = collect(s3Bucket("http://host:1", "b", options).list("p/"));
  await expect(listed).rejects.toMatchObject({ code: "UPSTREAM" });
  expect(asked.length).toBe(s3Limits.s3EmptyPageCount + 1);
});

test("a listing is read in time that grows with its length, whatever is in it", async () => {
  const keys = ["%zz", "&#9999999999;", "&#xffffffff;", "a&#33;"];
  const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
  const { options } = answering(() => new Response(page(contents + "<Content>".repeat(100_000))));
  const found = await collect(s3Bucket("http://host:1", "b", options).list("p/"));
  expect(found.map(({ key }) => key)).toEqual([...keys.slice(0, 3), "a!"]);
  const nested = answering(() => new Response(page(contents + "<Contents>".repeat(100_000))));
  const broken = collect(s3Bucket("http://host:1", "b", nested.options).list("p/"));
  await expect(broken).rejects.toMatchObject({ code: "UPSTREAM" });
});

test("what is answered by an error, or from elsewhere, is not stored", async () => {
  const { asked, options } = answering((_, { redirect, method }) =>
    redirect !== "manual"
      ? new Response(null)
      : method === "HEAD"
        ? new Response(null, { status: 307, headers: { location: "http://other/" } })
        : new Response("<Error><Code>InternalError</Code></Error>"),
  );
  for (const { credentials, ...rest } of [options, { ...options, credentials: undefined }]) {
    const bucket = s3Bucket("http://host:1", "b", { ...rest, ...(credentials && { credentials }) });
    await expect(bucket.put("k", Buffer.from("hi"), "text/plain")).rejects.toMatchObject({
      code: "UPSTREAM",
      message: "the server answers InternalError",
    });
    await expect(bucket.has("k")).rejects.toMatchObject({ code: "IO" });
  }
  expect(asked.length).toBe(8);
});

test("a refusal without words is told once more, and that of a bucket names it", async () => {
  const { asked, options } = answering(
    () => new Response(null, { status: 403, headers: { "content-length": "1584" } }),
  );
  const bucket = s3Bucket("http://host:1", "b", options);
  await expect(bucket.head("k")).rejects.toMatchObject({ code: "UNAUTHORIZED", detail: { status: 403 } });
  expect(asked).toEqual(["http://host:1/b/k", "http://host:1/b/k"]);
  await expect(bucket.exists()).rejects.toMatchObject({
    code: "UNAUTHORIZED",
    detail: { path: "http://host:1/b/" },
  });
});

/** What a server says of a refusal, and where. */
const said = "<Error><Code>AccessDenied</Code><Message>No.</Message><RequestId>R1</RequestId></Error>";
const sentence = "AccessDenied: No. (request R1)";
const told = { reason: "AccessDenied", requestId: "R1" };
const upload = { key: "k", id: "u" };
const noMetadata = { headers: {}, user: {} };

async function refusalOf(doing: Promise<unknown>): Promise<SyncError> {
  return doing.then(
    () => expect.unreachable(),
    (thrown: SyncError) => thrown,
  );
}

test.each<[string, number, (bucket: ObjectBucket) => Promise<unknown>]>([
  ["list", 403, async (bucket) => collect(bucket.list(""))],
  ["list versions", 403, async (bucket) => collect(bucket.versions!.list(""))],
  ["exists", 403, async (bucket) => bucket.exists()],
  ["create", 403, async (bucket) => bucket.create()],
  ["see versioning", 403, async (bucket) => bucket.versions!.isOn()],
  ["head", 403, async (bucket) => bucket.head("k")],
  ["has", 403, async (bucket) => bucket.has("k")],
  ["get", 403, async (bucket) => bucket.get("k", 10)],
  ["read", 403, async (bucket) => bucket.read("k")],
  ["read what some say is not there", 404, async (bucket) => bucket.read("k")],
  ["read tags", 403, async (bucket) => bucket.tags!("k")],
  ["put", 403, async (bucket) => bucket.put("k", new Uint8Array(1), "text/plain")],
  ["write", 403, async (bucket) => bucket.write("k", new Uint8Array(1))],
  ["delete", 403, async (bucket) => bucket.delete("k")],
  ["delete what some say is not there", 404, async (bucket) => bucket.delete("k")],
  ["delete many", 403, async (bucket) => bucket.deleteMany(["k"])],
  ["begin parts", 403, async (bucket) => bucket.parts.begin("k", noMetadata)],
  [
    "write a part",
    403,
    async ({ parts }) => parts.write(upload, { number: 1, offset: 0 }, new Uint8Array(1)),
  ],
  ["write a part of what some say is not there", 404, async ({ parts }) => parts.complete(upload, [])],
  ["abandon", 404, async ({ parts }) => parts.abandon(upload)],
  ["complete", 403, async ({ parts }) => parts.complete(upload, [])],
  ["complete, by a status of success", 200, async ({ parts }) => parts.complete(upload, [])],
  ["begin parts, by a status of success", 200, async (bucket) => bucket.parts.begin("k", noMetadata)],
  ["copy", 403, async (bucket) => bucket.copy({ bucket, key: "a" }, "k")],
  ["copy, by a status of success", 200, async (bucket) => bucket.copy({ bucket, key: "a" }, "k")],
  ["write, by a status of success", 200, async (bucket) => bucket.write("k", new Uint8Array(1))],
  ["delete many, by a status of success", 200, async (bucket) => bucket.deleteMany(["k"])],
  ["read tags, by a status of success", 200, async (bucket) => bucket.tags!("k")],
])("a refusal has the words of the server: %s", async (_, status, act) => {
  const { options } = answering((_, { method }) => new Response(method === "HEAD" ? null : said, { status }));
  const bucket = s3Bucket("http://host:1", "b", options);
  const refusal = await refusalOf(act(bucket));
  expect(refusal.message).toBe(`the server answers ${status === 200 ? "" : `${status}: `}${sentence}`);
  expect(refusal.code).toBe(status === 200 ? "UPSTREAM" : "UNAUTHORIZED");
  const { path, bucket: asked, ...detail } = refusal.detail;
  expect(path ?? asked).toBe("http://host:1/b/");
  expect(detail).toEqual(status === 200 ? told : { status, ...told });
});

test.each([
  ["XAdminUserNotFound", "UNAUTHORIZED"],
  ["InvalidAccessKeyId", "UNAUTHORIZED"],
  ["NoSuchWebsite", false],
  ["NotFound", false],
  ["NoSuchBucket", false],
])("a bucket is not there for who is unknown only where the server says so: %s", async (reason, outcome) => {
  const { options } = answering(
    (_, { method }) =>
      new Response(method === "HEAD" ? null : `<Error><Code>${reason}</Code></Error>`, { status: 404 }),
  );
  const asked = s3Bucket("http://host:1", "b", options).exists();
  if (outcome === false) expect(await asked).toBe(false);
  else await expect(asked).rejects.toMatchObject({ code: outcome, detail: { reason } });
});

test("the first object that is not there is asked for again: some say so to who they do not know", async () => {
  const saying = (reason: string) =>
    answering(
      (_, { method }) =>
        new Response(method === "HEAD" ? null : `<Error><Code>${reason}</Code></Error>`, { status: 404 }),
    );
  const stranger = s3Bucket("http://host:1", "b", saying("XAdminUserNotFound").options);
  await expect(stranger.head("k")).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  await expect(stranger.has("k")).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  const { asked, options } = saying("NoSuchKey");
  const bucket = s3Bucket("http://host:1", "b", options);
  for (const key of ["k", "l", "m"]) expect(await bucket.head(key)).toBeUndefined();
  expect(asked).toHaveLength(4);
});

test("of many objects each that cannot be deleted has the words of the server", async () => {
  const failures = [
    ["a", "<Code>AccessDenied</Code><Message>No.</Message>"],
    ["b", "<Code>NoSuchKey</Code>"],
    ["c", ""],
  ].map(([key, words]) => `<Error><Key>${key}</Key>${words}</Error>`);
  const { options } = answering(
    () =>
      new Response(`<DeleteResult>${failures.join("")}</DeleteResult>`, {
        headers: { "x-amz-request-id": "R2" },
      }),
  );
  const failed = await s3Bucket("http://host:1", "b", options).deleteMany(["a", "b", "c", "d"]);
  expect(failed.map(({ key, error }) => [key, error.message, error.detail])).toEqual([
    ["a", "the server answers AccessDenied: No. (request R2)", { reason: "AccessDenied", requestId: "R2" }],
    ["c", "the server answers no reason", { requestId: "R2" }],
  ]);
});

test("where each object is deleted by itself, one that cannot be does not keep the others", async () => {
  const { asked, options } = answering((url) =>
    url.pathname.endsWith("a") ? new Response(said, { status: 403 }) : new Response(null, { status: 204 }),
  );
  const bucket = s3Bucket("http://host:1", "b", { ...options, dialect: googleDialect });
  const failed = await bucket.deleteMany(["a", "b"]);
  expect(failed).toMatchObject([{ key: "a", error: { code: "UNAUTHORIZED", detail: told } }]);
  expect(asked.length).toBe(2);
});

test("what a server says at length is cut off", async () => {
  const long = `<Error><Code>X</Code><Message>${"m".repeat(5000)}</Message></Error>`;
  const { options } = answering(() => new Response(long, { status: 400 }));
  const refusal = await refusalOf(s3Bucket("http://host:1", "b", options).get("k", 10));
  expect(refusal.message).toBe(`the server answers 400: X: ${"m".repeat(300)}`);
});

test("a bucket that is not there is told as that, and is no lost register", async () => {
  const body = "<Error><Code>NoSuchBucket</Code></Error>";
  const { options } = answering(() => new Response(body, { status: 404 }));
  const bucket = s3Bucket("http://host:1", "b", options);
  const missing = {
    code: "NOT_FOUND",
    message: "there is no such bucket",
    detail: { path: "http://host:1/b/" },
  };
  await expect(bucket.get("k", 10)).rejects.toMatchObject(missing);
  await expect(collect(bucket.list(""))).rejects.toMatchObject(missing);
  await expect(bucketRegister(bucket, "k").replace("x", null)).rejects.toMatchObject(missing);
});

test("a bucket is made with a place and a class, and told to keep versions", async () => {
  const sent: string[] = [];
  const { asked, options } = answering((_, { body, method }) => {
    sent.push(`${method} ${new TextDecoder().decode(body as Uint8Array<ArrayBuffer>)}`);
    return new Response("");
  });
  const bucket = s3Bucket("http://host:1", "b", options);
  await bucket.create();
  await bucket.create({ location: "eu-1", storageClass: "COLD" });
  await bucket.versions!.switchOn();
  expect(asked).toEqual(["http://host:1/b/", "http://host:1/b/", "http://host:1/b/?versioning="]);
  const facts = "<LocationConstraint>eu-1</LocationConstraint><StorageClass>COLD</StorageClass>";
  expect(sent).toEqual([
    "PUT ",
    `PUT <CreateBucketConfiguration>${facts}</CreateBucketConfiguration>`,
    "PUT <VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
  ]);
});
