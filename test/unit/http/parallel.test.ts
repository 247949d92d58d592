import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { createServer as createSyncServer, type ServerOptions } from "../../../src/http/server.node.ts";
import type { SessionReport } from "../../../src/http/session-host.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { connectHttp } from "../../../src/transport/http.node.ts";
import { sessionUrl, type SessionWish } from "../../../src/transport/session-request.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { noise } from "./serving.ts";

const folder = mkdtempSync(join(tmpdir(), "rsync-stream-parallel-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const content = noise(6_000_000);

async function serving(options: Partial<ServerOptions> = {}) {
  const work = join(folder, `${count++}`);
  mkdirSync(join(work, "root/sub"), { recursive: true });
  writeFileSync(join(work, "root/sub/file"), content);
  const reports: SessionReport[] = [];
  const server = createSyncServer({
    root: join(work, "root"),
    onSession: (report) => void reports.push(report),
    ...options,
  });
  const url = await server.listen();
  onTestFinished(() => server.close());
  return { work, url, reports };
}

/**
 * What stands between, and how many bytes each connection has moved. The first waits behind its
 * first 100 kB until the server has answered four.
 */
async function meter(url: string, onMoved: (moved: number[], sockets: Socket[]) => void = () => {}) {
  const moved: number[] = [];
  const sockets: Socket[] = [];
  const waiting: Socket[] = [];
  let answeredCount = 0;
  const between = createServer({ allowHalfOpen: true }, (near) => {
    const at = moved.push(0) - 1;
    const far = connect({ port: Number(new URL(url).port), allowHalfOpen: true });
    sockets.push(near);
    far.once("data", () => {
      if (++answeredCount === 4) for (const socket of waiting) socket.resume();
    });
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
    far.on("error", () => near.destroy()).on("close", () => near.destroy());
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (bytes) => {
        moved[at]! += bytes.length;
        onMoved(moved, sockets);
        if (at > 0 || moved[0]! < 100_000 || answeredCount >= 4) return;
        from.pause();
        waiting.push(from);
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    between.close();
  });
  return { moved, port: (between.address() as AddressInfo).port };
}

for (const scheme of ["ws", "http"]) {
  test(`pareco 11: a file goes over four connections of one session by ${scheme}:, there and back`, async () => {
    const { work, url, reports } = await serving();
    const options = { connectionCount: 4, retries: 0 };
    const pulling = await meter(url);
    await transfer(`${scheme}://127.0.0.1:${pulling.port}/sub`, join(work, "pulled"), options);
    expect(readFileSync(join(work, "pulled/sub/file")).equals(content)).toBe(true);
    const pushing = await meter(url);
    const file = join(work, "root/sub/file");
    await transfer(file, `${scheme}://127.0.0.1:${pushing.port}/new`, options);
    expect(readFileSync(join(work, "root/new")).equals(content)).toBe(true);
    for (const { moved } of [pulling, pushing]) {
      expect(moved).toHaveLength(4);
      expect(moved[0]!).toBeLessThan(content.length);
    }
    await expect
      .poll(() => reports.map(({ direction, error }) => [direction, error]))
      .toEqual([
        ["pull", undefined],
        ["push", undefined],
      ]);
  });
}

test("connections that break give their work to the others, and are replaced", async () => {
  const { work, url } = await serving();
  const lost: string[] = [];
  const broken = new Set<Socket>();
  const { port, moved } = await meter(url, (bytes, sockets) => {
    const isOfUse = (socket: Socket, at: number): boolean => bytes[at]! > 20_000 && !broken.has(socket);
    for (const [at, socket] of sockets.entries()) {
      if (at > 2 || bytes[at]! < 400_000 || broken.has(socket)) continue;
      if (!sockets.some((other, i) => other !== socket && isOfUse(other, i))) continue;
      broken.add(socket);
      socket.resetAndDestroy();
    }
  });
  await transfer(join(work, "root/sub/file"), `ws://127.0.0.1:${port}/new`, {
    connectionCount: 4,
    retries: 0,
    onLostConnection: ({ code }) => void lost.push(code),
  });
  expect(readFileSync(join(work, "root/new")).equals(content)).toBe(true);
  expect(broken.size).toBeGreaterThan(0);
  expect(lost.length).toBeGreaterThanOrEqual(broken.size);
  expect(moved.length).toBeGreaterThanOrEqual(4);
});

test("nobody joins a session but who opened it, and what it is about", async () => {
  const tokens = [generateToken("one", ["read", "write"]), generateToken("two", ["read", "write"])];
  const { url } = await serving({ tokens: tokens.map(({ token }) => token), sessionsPerAddressCount: 2 });
  const group = "0123456789abcdef0123456789abcdef";
  const ask = async (who: number, path: string, wish: SessionWish) => {
    const headers = { Authorization: `Bearer ${tokens[who]!.secret}` };
    const duplex = await connectHttp(sessionUrl(`${url}${path}`, wish), { headers });
    onTestFinished(() => channelOf(duplex).abort(new Error("over")));
    return duplex;
  };
  const joins = { group, opens: false };
  const refused = (code: string) => ({ code, remote: true });
  await expect(ask(0, "sub", { direction: "pull", part: joins })).rejects.toMatchObject(refused("NOT_FOUND"));
  await ask(0, "sub", { direction: "pull", part: { group, opens: true } });
  await expect(ask(1, "sub", { direction: "pull", part: joins })).rejects.toMatchObject(refused("NOT_FOUND"));
  await expect(ask(0, "", { direction: "pull", part: joins })).rejects.toMatchObject(refused("NOT_FOUND"));
  await expect(ask(0, "sub", { direction: "push", part: joins })).rejects.toMatchObject(refused("NOT_FOUND"));
  await ask(0, "sub", { direction: "pull", part: joins });
  // Each connection takes a place of a session.
  await expect(ask(0, "sub", { direction: "pull", part: joins })).rejects.toMatchObject(refused("LIMIT"));
});

test.each(["?session=pull&group=0", "?session=pull&join=../../x", "?session=pull&group=%00"])(
  "%s names no group",
  async (query) => {
    const { url } = await serving();
    const asked = connectHttp(`${url}sub${query}`);
    await expect(asked).rejects.toMatchObject({ code: "BAD_MESSAGE", remote: true });
  },
);
