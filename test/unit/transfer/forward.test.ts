import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SyncError } from "../../../src/errors.ts";
import { createServer, type ServerOptions } from "../../../src/http/server.node.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
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
    const cut = await cuttingProxy(new URL(from), 100_000);
    const retries: SyncError[] = [];
    const through = new URL(from);
    through.port = String(cut.port);
    const summary = await transfer(through.href, to, {
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

/** A proxy whose first connection breaks off behind so many bytes of the server's. */
async function cuttingProxy({ hostname, port }: URL, bytes: number): Promise<{ readonly port: number }> {
  let isCut = false;
  const proxy = createTcpServer((client) => {
    const server = connect(Number(port), hostname);
    let passed = 0;
    for (const socket of [client, server]) socket.on("error", () => {});
    client.pipe(server);
    server.on("data", (block: Buffer) => {
      passed += block.length;
      client.write(block);
      if (isCut || passed < bytes) return;
      isCut = true;
      client.destroy();
      server.destroy();
    });
    server.on("end", () => client.end());
  });
  onTestFinished(() => void proxy.close());
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return { port: (proxy.address() as { port: number }).port };
}
