import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFarHost } from "../../../bench/far/far-host.ts";
import { listen, openFarPort } from "../../../bench/far/far-port.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

async function echoPort(): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  onTestFinished(() => void server.close());
  return listen(server);
}

async function heard(socket: Socket): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of socket) blocks.push(block as Buffer);
  return Buffer.concat(blocks);
}

describe("a far port", () => {
  test("delays the connection by a round trip and what is said by another, and counts", async () => {
    const far = await openFarPort(await echoPort(), { oneWayMs: 20 });
    onTestFinished(() => far.close());
    const began = performance.now();
    const socket = connect({ port: far.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end("hello");
    expect((await heard(socket)).toString()).toBe("hello");
    expect(performance.now() - began).toBeGreaterThanOrEqual(79);
    expect(far.bytes()).toEqual({ fromClients: 5, fromServer: 5 });
  });

  test("keeps order and holds back who says more than it may hold", async () => {
    const options = { oneWayMs: 2, bytesPerSecond: 50e6, boundBytes: 100_000 };
    const far = await openFarPort(await echoPort(), options);
    onTestFinished(() => far.close());
    const socket = connect({ port: far.port, host: "127.0.0.1", allowHalfOpen: true });
    const bytes = xorshiftBytes(1, 2_000_000);
    const began = performance.now();
    socket.end(bytes);
    expect(Buffer.compare(await heard(socket), bytes)).toBe(0);
    expect(performance.now() - began).toBeGreaterThanOrEqual(40); // 2 MB at 50 MB/s
  });

  test("breaks one end when the other breaks", async () => {
    const server = createServer((socket) => void socket.on("error", () => {}).resetAndDestroy());
    onTestFinished(() => void server.close());
    const far = await openFarPort(await listen(server), { oneWayMs: 1 });
    onTestFinished(() => far.close());
    const socket = connect({ port: far.port, host: "127.0.0.1" }).on("error", () => {});
    await once(socket, "close");
  });
});

test("a far host runs programs as ssh does, later", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-far-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const host = await startFarHost(folder, process.env, { oneWayMs: 20 });
  onTestFinished(() => host.close());
  writeFileSync(join(folder, "far"), host.shell, { mode: 0o755 });
  const began = performance.now();
  const child = spawn(join(folder, "far"), ["host", "tr a-z", "A-Z"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end("one\ntwo\n");
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number];
  expect([code, said]).toEqual([0, "ONE\nTWO\n"]);
  expect(performance.now() - began).toBeGreaterThanOrEqual(40);
});
