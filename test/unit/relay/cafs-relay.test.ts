import type { RequestListener } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { SyncError } from "../../../src/errors.ts";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { handleCafs } from "../../../src/http/cafs-handler.node.ts";
import { createServer } from "../../../src/http/server.node.ts";
import type { SharedFile } from "../../../src/http/share.ts";
import { type CafsRelayOptions, createCafsRelay } from "../../../src/relay/cafs-relay.node.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Bytes } from "../../../src/types.ts";
import { collect, noise, serving, sharedBytes } from "../http/serving.ts";

const root = { components: [], contents: false };
const size = 300_000;

/** A server whose file may be another one at any time. */
async function upstreamOf(bytes: Bytes, { tags = true } = {}) {
  const upstream = {
    url: "",
    file: await sharedBytes(bytes),
    /** What was asked for, and the status that answered it. */
    asked: [] as string[],
    sentBytes: 0,
    /** What the server does in place of answering. */
    instead: undefined as RequestListener | undefined,
    /** Another content, which has another version. */
    async put(content: Bytes, version: string): Promise<void> {
      upstream.file = { ...(await sharedBytes(content, [1, 2, 0])), version };
    },
    /** Lets so many chunks out, and then does something else in place of each. */
    holdAfter(count: number, then: (id: Bytes) => Promise<void>): void {
      const { file } = upstream;
      let sent = 0;
      const chunk: SharedFile["chunk"] = async (id, options) => {
        if (sent++ >= count) await then(id);
        return file.chunk(id, options);
      };
      upstream.file = { ...file, chunk };
    },
  };
  const server = await serving((request, response) => {
    if (!tags) delete request.headers["if-match"];
    response.on("close", () => upstream.asked.push(`${request.method} ${response.statusCode}`));
    if (upstream.instead) return upstream.instead(request, response);
    void handleCafs(request, response, async () => upstream.file, {
      onTransfer: (sent) => (upstream.sentBytes += sent),
    });
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  upstream.url = server.url;
  return upstream;
}

/** A relay that is reached by its share and over HTTP, and what it was told of its tries. */
async function relayOf(upstream: string, options: Partial<CafsRelayOptions> = {}) {
  const failures: string[] = [];
  const relay = createCafsRelay(upstream, {
    store: memoryStore(),
    firstWaitMs: 1,
    random: () => 0,
    onRetry: ({ error }) => failures.push(error.code),
    ...options,
  });
  const server = createServer({ share: relay.share });
  const url = await server.listen();
  onTestFinished(() => server.close());
  const open = (goesOn = false) => relay.share.openFile(root, { peer: "test", goesOn });
  return { relay, url, failures, open };
}

const fetched = async (url: string): Promise<string> => named(await collect(fetchCafs(url, memoryStore())));
const named = (bytes: Bytes): string => toHex(sha256(bytes));

/** Waits for all chunks of a file at once. */
function chunksOf(file: SharedFile): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(file.info.chunks.map(({ id }) => file.chunk(id, {})));
}

describe("a relay of one file", () => {
  test("its bytes leave the upstream once, whoever asks and whenever", async () => {
    const bytes = noise(size);
    const upstream = await upstreamOf(bytes);
    const { url } = await relayOf(upstream.url);
    for (const copy of await Promise.all([1, 2, 3].map(() => fetched(url)))) expect(copy).toBe(named(bytes));
    expect(await fetched(url)).toBe(named(bytes));
    expect(upstream.sentBytes).toBeLessThan(size * 1.01);
  });

  test.each([{ tags: true }, { tags: false }])(
    "the file changes upstream while it comes: CHANGED at once for all, the new one for the next ($tags)",
    async ({ tags }) => {
      const next = noise(size, 9);
      const upstream = await upstreamOf(noise(size), { tags });
      upstream.holdAfter(5, async () => {
        await upstream.put(next, "v2");
        throw new SyncError("CHANGED", "the file changed while it was being sent");
      });
      const { open, url, failures } = await relayOf(upstream.url);
      const results = (await Promise.all([chunksOf(await open()), chunksOf(await open())])).flat();
      const refused = results.filter(({ status }) => status === "rejected");
      expect(refused.length).toBeGreaterThan(0);
      for (const each of refused) expect(each).toMatchObject({ reason: { code: "CHANGED" } });
      expect(failures).toEqual([]);
      expect(await fetched(url)).toBe(named(next));
    },
  );

  test("the file changes between the two requests of the relay", async () => {
    const next = noise(size, 9);
    const upstream = await upstreamOf(noise(size), { tags: false });
    const { open, url } = await relayOf(upstream.url);
    upstream.instead = (request, response) => {
      upstream.instead = undefined;
      const { file } = upstream;
      void handleCafs(request, response, async () => file).then(() => upstream.put(next, "v2"));
    };
    const results = await chunksOf(await open());
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "CHANGED" },
    });
    expect(await fetched(url)).toBe(named(next));
  });

  test("a server that was started anew with the same file: it goes on", async () => {
    const bytes = noise(size);
    const upstream = await upstreamOf(bytes);
    upstream.holdAfter(5, async () => {
      await upstream.put(bytes, "another name for the same");
      throw new SyncError("PEER_GONE", "cut");
    });
    const { url } = await relayOf(upstream.url);
    expect(await fetched(url)).toBe(named(bytes));
    expect(upstream.sentBytes).toBeLessThan(size * 1.5); // what was under way is lost
  });

  test("the file is deleted upstream: NOT_FOUND at once", async () => {
    const upstream = await upstreamOf(noise(size));
    upstream.holdAfter(5, async () => {
      upstream.instead = (_, response) => response.writeHead(404).end();
      throw new SyncError("PEER_GONE", "cut");
    });
    const { open } = await relayOf(upstream.url);
    const results = await chunksOf(await open());
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "NOT_FOUND" },
    });
    await expect(open()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("it gives up when nothing moves any more, and begins anew for the next who asks", async () => {
    const bytes = noise(size);
    const upstream = await upstreamOf(bytes);
    upstream.holdAfter(5, async () => {
      throw new SyncError("PEER_GONE", "cut");
    });
    const { open, url, failures } = await relayOf(upstream.url, { retries: 3 });
    const results = await chunksOf(await open());
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "UPSTREAM" },
    });
    expect(failures.length).toBeLessThan(100);
    upstream.file = await sharedBytes(bytes);
    expect(await fetched(url)).toBe(named(bytes));
    expect(upstream.sentBytes).toBeLessThan(size * 1.5);
  });

  test("one that asks for chunks of what is over begins anew as well", async () => {
    const bytes = noise(size);
    const upstream = await upstreamOf(bytes);
    upstream.instead = (request, response) => {
      if (request.method === "POST") return void request.socket.destroy();
      void handleCafs(request, response, async () => upstream.file);
    };
    const { open, url } = await relayOf(upstream.url, { retries: 0 });
    const first = await open();
    expect(await first.chunk(first.info.chunks[0]!.id, {}).catch((error: unknown) => error)).toMatchObject({
      code: "UPSTREAM",
    });
    upstream.instead = undefined;
    const second = await open(true);
    expect(second.version).toBe(first.version);
    expect((await chunksOf(second)).every(({ status }) => status === "fulfilled")).toBe(true);
    expect(await fetched(url)).toBe(named(bytes));
  });

  test("idle, it asks whether the file is still the same, once a fetch and without its list", async () => {
    const bytes = noise(size);
    const upstream = await upstreamOf(bytes);
    const { url } = await relayOf(upstream.url);
    await fetched(url);
    upstream.asked.length = 0;
    await fetched(url);
    expect(upstream.asked).toEqual(["GET 304"]);
    const next = noise(size, 9);
    await upstream.put(next, "v2");
    expect(await fetched(url)).toBe(named(next));
    await upstream.put(next, "v3");
    upstream.asked.length = 0;
    expect(await fetched(url)).toBe(named(next));
    expect(upstream.asked).toEqual(["GET 200"]);
  });

  test("an upstream that cannot be reached, or stays silent, is told of as that: 502", async () => {
    const upstream = await upstreamOf(noise(size));
    const known = await relayOf(upstream.url);
    const impatient = await relayOf(upstream.url, { connectMs: 50 });
    await fetched(known.url);
    for (const [{ url }, instead] of [
      [known, (request) => request.socket.destroy()],
      [impatient, () => {}],
      [known, (_, response) => response.writeHead(401).end()],
      [known, (_, response) => response.writeHead(500).end()],
    ] as [{ url: string }, RequestListener][]) {
      upstream.instead = instead;
      const answer = await fetch(url);
      expect(answer.status).toBe(502);
      expect(await answer.json()).toMatchObject({
        error: { code: "UPSTREAM", message: expect.stringContaining("upstream") },
      });
    }
  });

  test("a chunk that its store has lost: told at once, and fetched anew for the next", async () => {
    const bytes = noise(size);
    const upstream = await upstreamOf(bytes);
    const store = memoryStore();
    const { open, url } = await relayOf(upstream.url, { store });
    await fetched(url);
    const file = await open();
    const { id } = file.info.chunks[3]!;
    await store.delete(id);
    await expect(file.chunk(id, {})).rejects.toMatchObject({ code: "CHUNK_MISSING" });
    expect(await fetched(url)).toBe(named(bytes));
  });

  test("relays in a row pass on what changes; in a circle they are refused", async () => {
    const upstream = await upstreamOf(noise(size));
    const far = await relayOf(upstream.url);
    const { url } = await relayOf(far.url);
    expect(await fetched(url)).toBe(named(noise(size)));
    await upstream.put(noise(size, 9), "v2");
    expect(await fetched(url)).toBe(named(noise(size, 9)));

    const ring = await serving((request, response) => void relays.handle(request, response));
    onTestFinished(() => ring[Symbol.asyncDispose]());
    const relays = createServer({ share: createCafsRelay(ring.url, { store: memoryStore() }).share });
    onTestFinished(() => relays.close());
    const answer = await fetch(ring.url);
    expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining("circle") } });
  });

  test("who waits is told at once when it closes", async () => {
    const upstream = await upstreamOf(noise(size));
    upstream.holdAfter(5, () => new Promise(() => {}));
    const { relay, open } = await relayOf(upstream.url);
    const waiting = chunksOf(await open());
    await relay.close();
    expect((await waiting).at(-1)).toMatchObject({ reason: { code: "ABORTED" } });
    await expect(open()).rejects.toMatchObject({ code: "STATE" });
  });
});
