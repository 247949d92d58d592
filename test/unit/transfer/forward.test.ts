import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SyncError } from "../../../src/errors.ts";
import { createServer, type ServerOptions } from "../../../src/http/server.node.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import type { TransferOptions } from "../../../src/transfer/transfer-options.node.ts";
import type { TreeChange } from "../../../src/tree/entry/entry.ts";
import { noise } from "../../cli/trees.ts";
import { describeTree, tempDir } from "../tree/disk/disk-tree.ts";

/** Two servers, the first of which has a tree of two files. */
async function twoServers(options: Partial<ServerOptions> = {}) {
  const temporary = tempDir();
  onTestFinished(() => temporary[Symbol.dispose]());
  const [first, second] = [join(temporary.path, "first"), join(temporary.path, "second")];
  mkdirSync(join(first, "tree", "sub"), { recursive: true });
  mkdirSync(second);
  writeFileSync(join(first, "tree", "a"), "alpha");
  writeFileSync(join(first, "tree", "sub", "b.o"), "beta");
  const urls: string[] = [];
  for (const root of [first, second]) {
    const server = createServer({ root, ...options });
    onTestFinished(() => server.close());
    urls.push(await server.listen());
  }
  return {
    tree: join(first, "tree"),
    copy: join(second, "copy"),
    from: `${urls[0]}tree/`,
    to: `${urls[1]}copy`,
  };
}

const overWebSocket = (url: string) => url.replace("http:", "ws:");

describe("from one server to another", () => {
  it("brings a tree over, and little the second time", async () => {
    const { tree, copy, from, to } = await twoServers();
    const first = await transfer(from, overWebSocket(to));
    expect(first).toMatchObject({ type: "receive", files: 2, chunkBytes: 9, failed: 0, troubles: 0 });
    expect(first.digest).toHaveLength(32);
    expect(describeTree(copy)).toEqual(describeTree(tree));
    const second = await transfer(overWebSocket(from), to);
    expect(second).toMatchObject({ files: 0, receivedBytes: 0 });
    expect(second.wireReceivedBytes).toBeLessThan(first.wireReceivedBytes);
  });

  it("leaves out, spares and deletes as it is told, and tells of it in a dry run", async () => {
    const { copy, from, to } = await twoServers({ authorize: () => all });
    mkdirSync(copy);
    for (const name of ["old", "old.o"]) writeFileSync(join(copy, name), name);
    const changes: string[] = [];
    const onChange = ({ change, path }: TreeChange) => void changes.push(`${change} ${path}`);
    const options = { filter: ["- *.o"], maxDeletedCount: 1, onChange };
    const before = describeTree(copy);
    await transfer(from, to, { ...options, dryRun: true });
    expect(describeTree(copy)).toEqual(before);
    expect(changes.filter((line) => !line.startsWith("touched")).sort()).toEqual([
      "deleted old",
      "new a",
      "new sub",
    ]);
    expect(await transfer(from, to, options)).toMatchObject({ deleted: 1 });
    expect(readFileSync(join(copy, "old.o"), "utf8")).toBe("old.o");
  });

  it("says which end refused, and why", async () => {
    const { from, to } = await twoServers();
    const missing = transfer(from.replace("tree", "nothing"), to);
    await expect(missing).rejects.toMatchObject({ code: "NOT_FOUND", remote: true });
    await expect(transfer(from, `${to}/no/such/place`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      remote: true,
    });
    await expect(transfer(from, to, { compress: true })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("shows each server its own token", async () => {
    const [one, other] = [generateToken("one", ["read"]), generateToken("other", ["write"])];
    const { copy, tree, from } = await twoServers({ tokens: [one.token] });
    const { to } = await twoServers({ tokens: [other.token] });
    const bearer = (secret: string) => ({ headers: { Authorization: `Bearer ${secret}` } });
    await expect(transfer(from, to, bearer(other.secret))).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await transfer(from, to, { ...bearer(other.secret), source: bearer(one.secret) });
    expect(describeTree(tree)).not.toEqual([]);
    expect(copy).not.toBe(tree);
  });

  it("goes on when a connection breaks", async () => {
    const { tree, copy, from, to } = await twoServers();
    writeFileSync(join(tree, "big"), noise(1_000_000, "big"));
    const retries: SyncError[] = [];
    const summary = await transfer((await cuttingProxy(from, 100_000)).url, to, {
      firstWaitMs: 1,
      onRetry: ({ error }) => void retries.push(error),
    });
    expect(retries.length).toBeGreaterThan(0);
    expect(summary).toMatchObject({ failed: 0 });
    expect(describeTree(copy)).toEqual(describeTree(tree));
  });

  it("ends both connections when it is aborted", async () => {
    const { from, to } = await twoServers();
    const controller = new AbortController();
    const reason = new Error("enough");
    const onProgress = () => controller.abort(reason);
    await expect(transfer(from, to, { signal: controller.signal, onProgress })).rejects.toBe(reason);
  });
});

const all = { name: "all", scopes: ["read", "write", "delete"] } as const;

/** A proxy whose first connections break off, each behind so many bytes, and what passed it. */
async function cuttingProxy(url: string, bytes: number, cutCount = 1) {
  const through = new URL(url);
  const { hostname, port } = through;
  let passedBytes = 0;
  const proxy = createTcpServer((client) => {
    const server = connect(Number(port), hostname);
    let passed = 0;
    const ways = [
      [client, server],
      [server, client],
    ] as const;
    for (const [from, to] of ways) {
      from.on("error", () => {});
      from.on("end", () => to.end());
      from.on("data", (block: Buffer) => {
        if (to.destroyed) return;
        passed += block.length;
        passedBytes += block.length;
        to.write(block);
        if (cutCount === 0 || passed < bytes) return;
        cutCount -= 1;
        client.destroy();
        server.destroy();
      });
    }
  });
  onTestFinished(() => void proxy.close());
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  through.port = String((proxy.address() as { port: number }).port);
  return { url: through.href, passedBytes: () => passedBytes };
}

describe("what an unfinished run left", () => {
  it.each(["pull", "push"])("is not used with `restarts`, but by the run itself: %s", async (way) => {
    const { tree, copy, from, to } = await twoServers();
    writeFileSync(join(tree, "big"), noise(4_000_000, "big"));
    const [source, target] = [way === "push" ? `${tree}/` : from, way === "pull" ? copy : to];
    const run = async (cutCount: number, options: TransferOptions = {}, cutAfterBytes = 2_000_000) => {
      const place = way === "push" ? target : source;
      const { url, passedBytes } = await cuttingProxy(place, cutAfterBytes, cutCount);
      const [one, other] = way === "push" ? [source, url] : [url, target];
      let retryCount = 0;
      const onRetry = () => void (retryCount += 1);
      await transfer(one, other, { connectionCount: 1, firstWaitMs: 1, onRetry, ...options });
      expect(retryCount > 0).toBe(cutCount > 0);
      expect(describeTree(copy)).toEqual(describeTree(tree));
      return passedBytes();
    };
    const leave = async (): Promise<void> => {
      rmSync(copy, { recursive: true, force: true });
      await expect(run(1, { retries: 0 })).rejects.toMatchObject({ name: "SyncError" });
      await expect.poll(() => existsSync(join(copy, ".rsync-stream", "lock"))).toBe(false);
    };
    await leave();
    expect(await run(0)).toBeLessThan(3_500_000);
    await leave();
    expect(await run(0, { restarts: true })).toBeGreaterThanOrEqual(4_000_000);
    await leave();
    const sent = await run(1, { restarts: true });
    expect(sent).toBeGreaterThanOrEqual(4_000_000);
    expect(sent).toBeLessThan(5_500_000);
    await leave();
    expect(await run(1, { restarts: true }, 1000)).toBeGreaterThanOrEqual(4_000_000);
  });
});
