import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { noOpenssl, selfSigned } from "../self-signed.ts";
import { type Listening, listening } from "./listening.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { plant } from "./trees.ts";
import { unless } from "../obstacles.ts";

const ws = (url: string): string => url.replace(/^http/, "ws");

async function toldOf(server: Listening): Promise<Record<string, unknown>[]> {
  expect(await server.stop()).toBe(0);
  return server.lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ time }) => time);
}

/**
 * These and no others, in any order: a client may ask for the next thing before the last one is
 * told of.
 */
function expectTold(told: readonly Record<string, unknown>[], all: readonly Record<string, unknown>[]): void {
  for (const each of all) expect(told).toContainEqual(expect.objectContaining(each));
  expect(told).toHaveLength(all.length);
}

it("listens to this machine alone unless told otherwise", async () => {
  const holder = createServer().listen(8730, "127.0.0.1"); // where somebody else does, that is as good
  await Promise.race([once(holder, "listening"), once(holder, "error")]).catch(() => {});
  const { code, stderr } = await rsyncStream(["serve", freshFolder()]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("127.0.0.1:8730") as string]);
  holder.close();
});

describe("what a server tells", () => {
  it("sessions, files, failures and refusals, each with its time, path and bytes", async () => {
    const work = freshFolder();
    plant(join(work, "root"), { a: "content" });
    plant(join(work, "tree"), { "odd\n\x1b[31mname": "x" });
    const server = await listening("serve", join(work, "root"), "--max-entries", "2");
    expect(await rsyncStream(["pull", `${ws(server.url)}a`, `${work}/to`])).toMatchObject({ code: 0 });
    expect(await rsyncStream(["fetch", `${server.url}a`, `${work}/file`])).toMatchObject({ code: 0 });
    plant(join(work, "tree"), { b: "x", c: "y" });
    expect(await rsyncStream(["push", `${work}/tree/`, `${server.url}into`])).toMatchObject({ code: 5 });
    expect((await fetch(`${server.url}no%0Asuch?secret=1`)).status).toBe(404);
    expect((await fetch(`${server.url}..%2Fx`)).status).toBe(400);
    expect((await fetch(`${server.url}?session=x`, { method: "POST", body: "12345" })).status).toBe(400);
    const told = await toldOf(server);
    for (const { time } of told) expect(new Date(String(time)).toISOString()).toBe(time);
    expectTold(told, [
      { direction: "pull", via: "websocket", path: "/a", receivedBytes: expect.any(Number) },
      { path: "/a", sentBytes: expect.any(Number) },
      { direction: "push", path: "/into", code: "LIMIT", receivedBytes: expect.any(Number) },
      { method: "GET", path: "/no%0Asuch", code: "NOT_FOUND" },
      { method: "GET", path: "/..%2Fx", code: "PATH" },
      { method: "POST", path: "/", code: "BAD_MESSAGE" },
    ]);
    const pushed = told.find(({ direction }) => direction === "push")!;
    expect(pushed["receivedBytes"]).toBeGreaterThan(0);
    expect(JSON.stringify(told)).not.toContain("secret");
  });

  it("each entry of a push that failed, with its path", async () => {
    const work = freshFolder();
    plant(join(work, "root"), { "into/odd\nname/file": "in the way" });
    plant(join(work, "tree"), { "odd\nname": "x", other: "y" });
    const server = await listening("serve", join(work, "root"));
    expect(await rsyncStream(["push", `${work}/tree/`, `${server.url}into`])).toMatchObject({ code: 3 });
    const told = await toldOf(server);
    expect(told).toMatchObject([
      { direction: "push", path: "/into", entry: "odd\nname", code: "IO" },
      { direction: "push", path: "/into", receivedBytes: expect.any(Number) },
    ]);
  });

  it("what came that was no request, and who had no token or a wrong one", async () => {
    const work = freshFolder();
    mkdirSync(join(work, "root"));
    const server = await listening("serve", join(work, "root"), "--generate-token");
    await fetch(server.url.replace("http", "https")).catch(() => undefined);
    const wrong = join(work, "token");
    writeFileSync(wrong, "w".repeat(30), { mode: 0o600 });
    const none = await rsyncStream(["pull", server.url, `${work}/to`]);
    expect(none).toMatchObject({ code: 6, stderr: expect.stringContaining("a token is needed") });
    const other = await rsyncStream(["pull", ws(server.url), `${work}/to`, "--token-file", wrong]);
    expect(other).toMatchObject({ code: 6, stderr: expect.stringContaining("is not known here") });
    expectTold(await toldOf(server), [
      { code: "BAD_MESSAGE", address: "127.0.0.1" },
      { code: "UNAUTHORIZED", path: "/", method: "POST" },
      { code: "UNAUTHORIZED", path: "/", method: "GET" },
    ]);
  });

  it("a push to what is offered to be read once, and no more of it", async () => {
    const work = freshFolder();
    plant(join(work, "root"), { a: "content" });
    const server = await listening("serve", join(work, "root"), "--read-only");
    expect(await rsyncStream(["push", `${work}/root/`, `${ws(server.url)}b`])).toMatchObject({ code: 1 });
    expectTold(await toldOf(server), [{ code: "UNSUPPORTED", path: "/b" }]);
  });

  it("a relay's upstream that cannot be reached", async () => {
    const relay = await listening("relay", "http://127.0.0.1:9/", "--retries", "0");
    const outcome = await rsyncStream(["pull", relay.url, `${freshFolder()}/to`]);
    expect(outcome.code).toBe(1);
    expect(JSON.stringify(await toldOf(relay))).toMatch(/ECONNREFUSED|upstream/i);
  });
});

unless(noOpenssl).describe("what a client tells of a server that it cannot talk to", () => {
  async function places() {
    const work = freshFolder();
    plant(join(work, "root"), { a: "content" });
    const { cert, key } = selfSigned();
    writeFileSync(join(work, "cert"), cert);
    writeFileSync(join(work, "key"), key, { mode: 0o600 });
    const plain = await listening("serve", join(work, "root"));
    const files = ["--tls-cert", join(work, "cert"), "--tls-key", join(work, "key")];
    const secure = await listening("serve", join(work, "root"), ...files);
    return { plain: new URL(plain.url).port, secure: new URL(secure.url).port, to: join(work, "to") };
  }

  it("what to do about it", async () => {
    const { plain, secure, to } = await places();
    const cases = [
      ["pull", `https://127.0.0.1:${secure}/a`, "--ca FILE"],
      ["pull", `wss://127.0.0.1:${secure}/a`, "--ca FILE"],
      ["fetch", `https://127.0.0.1:${secure}/a`, "--ca FILE"],
      ["pull", `http://127.0.0.1:${secure}/a`, "TLS is spoken there; https: is meant"],
      ["pull", `ws://127.0.0.1:${secure}/a`, "TLS is spoken there; wss: is meant"],
      ["fetch", `http://127.0.0.1:${secure}/a`, "TLS is spoken there; https: is meant"],
      ["pull", `https://127.0.0.1:${plain}/a`, "no TLS is spoken there; http: may be meant"],
      ["pull", `wss://127.0.0.1:${plain}/a`, "could not connect; no TLS is spoken there; ws: may be meant"],
      ["fetch", `https://127.0.0.1:${plain}/a`, "no TLS is spoken there; http: may be meant"],
    ] as const;
    for (const [command, url, hint] of cases) {
      const { code, stderr } = await rsyncStream([command, url, to]);
      expect([url, code, stderr]).toEqual([url, 1, expect.stringContaining(hint)]);
    }
    const turns = await rsyncStream(["pull", "--turns", `https://127.0.0.1:${secure}/a`, to]);
    expect(turns).toMatchObject({ code: 1, stderr: expect.stringContaining("--ca FILE") });
  });
});
