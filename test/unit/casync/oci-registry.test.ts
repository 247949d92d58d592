import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ociChunks } from "../../../src/casync/oci-chunks.ts";

/** A registry that asks for credentials in some way, has no chunk, and notes what it was asked. */
async function registry(challenge: (url: string) => string, isRight: (request: IncomingMessage) => boolean) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? "-"}`);
    if (request.url!.startsWith("/token")) {
      const isKnown = request.headers.authorization === basic;
      response.writeHead(isKnown ? 200 : 401);
      return response.end(JSON.stringify({ token: "abc" }));
    }
    if (isRight(request)) response.writeHead(404);
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

test("what is no repository is refused", () => {
  for (const place of ["oci+http://host", "oci+http://host/UPPER", "oci://host/a"])
    expect(() => ociChunks(place)).toThrow(/not a repository/);
});
