import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Answer, Call } from "../../../src/bucket/answer.ts";
import { IdSet } from "../../../src/bytes/id-set.ts";
import { ociChunks } from "../../../src/casync/oci-chunks.ts";
import { ociLimits } from "../../../src/casync/oci-registry.ts";
import { pruneChunks } from "../../../src/casync/prune-chunks.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";

/**
 * A registry that asks for credentials in some way, has no chunk, and notes what it was asked.
 *
 * @param uploads where it has contents sent to
 */
async function registry(
  challenge: (url: string) => string,
  isRight: (request: IncomingMessage) => boolean,
  uploads?: string,
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? "-"}`);
    if (request.url!.startsWith("/token")) {
      const isKnown = request.headers.authorization === basic;
      response.writeHead(isKnown ? 200 : 401);
      return response.end(JSON.stringify({ token: "abc" }));
    }
    if (isRight(request) && request.method === "POST" && uploads !== undefined)
      response.writeHead(202, { location: uploads });
    else if (isRight(request)) response.writeHead(404);
    else response.writeHead(401, { "www-authenticate": challenge(url) });
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, place: `oci+${url}/chunks` };
}

const credentials = { username: "me", password: "pass:word" };
const basic = `Basic ${Buffer.from("me:pass:word").toString("base64")}`;
const id = new Uint8Array(32);

test("credentials are shown once they are asked for", async () => {
  const { asked, place } = await registry(
    () => 'Basic realm="x"',
    ({ headers }) => headers.authorization === basic,
  );
  await using store = ociChunks(place, { credentials });
  for (const _ of [1, 2]) expect(await store.has(id)).toBe(false);
  expect(asked.map((line) => line.split(" ").slice(1).join(" "))).toEqual(["-", basic, basic]);
});

test("a token is fetched where the registry says, for this repository", async () => {
  const { asked, place } = await registry(
    (url) => `Bearer realm="${url}/token",service="it"`,
    ({ headers }) => headers.authorization === "Bearer abc",
  );
  await using store = ociChunks(place, { credentials });
  for (const _ of [1, 2]) expect(await store.has(id)).toBe(false);
  expect(asked.length).toBe(4);
  expect(asked[1]).toBe(`/token?service=it&scope=repository%3Achunks%3Apull%2Cpush%2Cdelete ${basic}`);
});

test("credentials for a registry are not shown where it leads to", async () => {
  const other = await registry(
    () => "Basic",
    () => true,
  );
  const elsewhere = `${other.place.slice("oci+".length)}/upload`;
  const { asked, place } = await registry(
    () => 'Basic realm="x"',
    ({ headers }) => headers.authorization === basic,
    elsewhere,
  );
  await using store = ociChunks(place, { credentials, attemptCount: 1 });
  await expect(store.put(chunkOf(new Uint8Array(9), sha512_256Digest))).rejects.toMatchObject({ code: "IO" });
  expect(asked.at(-1)).toBe(`/v2/chunks/blobs/uploads/ ${basic}`);
  expect(other.asked).toEqual([expect.stringMatching(/^\/chunks\/upload\?digest=\S+ -$/)]);
});

test("who a registry leads to gets no credentials, whatever it asks for", async () => {
  const shown: (string | undefined)[] = [];
  const serve = async (answer: RequestListener): Promise<string> => {
    const server = createServer((request, response) => {
      response.setHeader("connection", "close");
      answer(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const other = await serve(({ headers }, response) => {
    shown.push(headers.authorization);
    response.writeHead(401, { "www-authenticate": `Bearer realm="${other}/token"` }).end();
  });
  const url = await serve(
    (_, response) => void response.writeHead(307, { location: `${other}/there` }).end(),
  );
  await using store = ociChunks(`oci+${url}/chunks`, { credentials, attemptCount: 1 });
  await expect(store.has(id)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(shown).toEqual([undefined]);
});

const refusals: readonly [string, () => string, typeof credentials?][] = [
  ["without credentials", () => 'Basic realm="x"'],
  ["with wrong ones", () => 'Basic realm="x"', { username: "other", password: "" }],
  ["for a token of another kind of place", () => 'Bearer realm="file:///etc/passwd"', credentials],
  ["by a way that is not known", () => "Negotiate", credentials],
];

test.each(refusals)("a registry is not entered %s", async (_, challenge, given) => {
  const { place } = await registry(challenge, () => false);
  await using store = ociChunks(place, { ...(given && { credentials: given }), attemptCount: 1 });
  await expect(store.has(id)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});

test("credentials are not sent in the clear where the registry is not", async () => {
  const asked: string[] = [];
  const call = async (url: string): Promise<Response> => {
    asked.push(url);
    const headers = { "www-authenticate": 'Bearer realm="http://h/token"' };
    return url.endsWith("/token")
      ? new Response('{"token":"abc"}')
      : new Response(null, { status: 401, headers });
  };
  await using store = ociChunks("oci+https://h/chunks", { credentials, fetch: call, attemptCount: 1 });
  await expect(store.has(id)).rejects.toThrow("asks for a token of http://h");
  expect(asked).toEqual([expect.stringMatching(/^https:/)]);
});

test("what is no repository is refused", () => {
  for (const place of ["oci+http://host", "oci+http://host/UPPER", "oci://host/a"])
    expect(() => ociChunks(place)).toThrow(/not a repository/);
});

test("a registry that has always more tags is asked so many times", async () => {
  let count = 0;
  const fetch = async (url: string): Promise<Answer> => {
    count++;
    const link = `<${new URL(url).pathname}?n=1000&last=${count}>; rel="next"`;
    return new Response(JSON.stringify({ tags: [`t${count}`] }), { headers: { link } });
  };
  await using store = ociChunks("oci+http://127.0.0.1:1/chunks", { fetch: fetch as Call });
  const named = new IdSet();
  const pruned = pruneChunks(store, named, { youngestMs: Date.now() + 1000, isDry: false });
  await expect(pruned).rejects.toMatchObject({ code: "LIMIT", detail: { limit: ociLimits.tagPageCount } });
  expect(count).toBe(ociLimits.tagPageCount);
});
