import { describe, expect, it } from "vitest";
import { fromReadable, serveTo, syncFrom } from "../../../src/remotesync/web-streams.ts";
import { awaitedStore } from "../../../src/store/awaited.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Bytes, Duplex } from "../../../src/types.ts";
import { collect, countPins, failureOf, fileOf, storeOf, textChunk } from "./exchange-parts.ts";

const texts = Array.from({ length: 300 }, (_, i) => `chunk ${i % 200} ${"x".repeat(i)}`);
const perm = [3, 4, 2, 1, 0];

/** Two ends of a connection made of nothing but Web Streams. */
function pair(): [Duplex, Duplex] {
  const there = new TransformStream<Bytes, Bytes>();
  const back = new TransformStream<Bytes, Bytes>();
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}

/**
 * How one end may notice that the other one stopped: these streams hand the reason over, others do
 * not.
 */
const broken = ["PEER_GONE", "CHUNK_MISSING", "UNEXPECTED_CHUNK", "client left"];

describe("syncFrom and serveTo", () => {
  it("move a file, with nothing, something and everything there before", async () => {
    const { info, store, bytes } = await fileOf(texts, perm);
    for (const have of [[], texts.slice(50, 250), texts]) {
      const [near, far] = pair();
      const target = countPins(await storeOf(have));
      const serving = serveTo(far, info, store);
      expect(await collect(syncFrom(near, info, target, { windowCount: 8 }))).toEqual(bytes);
      await serving;
      expect(target.pinCount).toBe(0);
    }
  });

  it("flaw 10: an error of the sender is not the end of the stream", async () => {
    const { info } = await fileOf(texts, perm);
    const [near, far] = pair();
    const serving = failureOf(() => serveTo(far, info, memoryStore()));
    expect(broken).toContain(await failureOf(() => collect(syncFrom(near, info, memoryStore()))));
    expect(await serving).toBe("CHUNK_MISSING");
  });

  it("flaw 15: an error of the receiver breaks off both streams", async () => {
    const { info, store } = await fileOf(texts, perm);
    const { info: other } = await fileOf(
      texts.map((text) => text.toUpperCase()),
      perm,
    );
    const [near, far] = pair();
    const serving = failureOf(() => serveTo(far, info, store));
    expect(await failureOf(() => collect(syncFrom(near, other, memoryStore())))).toBe("UNEXPECTED_CHUNK");
    expect(broken).toContain(await serving);
  });

  it("flaw 12: a sender that waits for a chunk gives up when its client leaves", async () => {
    const { info } = await fileOf(texts, perm);
    const relay = awaitedStore(memoryStore());
    const [near, far] = pair();
    const serving = failureOf(() => serveTo(far, info, relay));
    const leave = new AbortController();
    const syncing = failureOf(() => collect(syncFrom(near, info, memoryStore(), { signal: leave.signal })));
    while (relay.waitingCount === 0) await new Promise((resolve) => setTimeout(resolve));
    leave.abort("client left");
    expect(await syncing).toBe("client left");
    expect(broken).toContain(await serving);
    expect(relay.waitingCount).toBe(0);
  });

  it("flaw 13: a relay passes each chunk on when it comes", async () => {
    const { info, bytes } = await fileOf(["a", "b", "c"]);
    const relay = awaitedStore(memoryStore());
    const [near, far] = pair();
    const serving = serveTo(far, info, relay);
    const file = syncFrom(near, info, memoryStore());
    for (const text of ["a", "b", "c"]) {
      const next = file.next();
      await new Promise((resolve) => setTimeout(resolve));
      await relay.put(textChunk(text));
      expect((await next).value).toEqual(textChunk(text).bytes);
    }
    expect((await file.next()).value).toMatchObject({ doneBytes: bytes.length });
    await serving;
  });

  it("flaw 11: a silent peer does not hold them when they are aborted", async () => {
    const { info, store } = await fileOf(texts, perm);
    const signal = AbortSignal.timeout(20);
    const timeout = expect.objectContaining({ name: "TimeoutError" });
    expect(await failureOf(() => collect(syncFrom(pair()[0], info, memoryStore(), { signal })))).toEqual(
      timeout,
    );
    expect(await failureOf(() => serveTo(pair()[0], info, store, { signal }))).toEqual(timeout);
  });
});

describe("fromReadable", () => {
  it("cancels the stream even while a read waits", async () => {
    let cancelled = false;
    const blocks = fromReadable(new ReadableStream<Bytes>({ cancel: () => void (cancelled = true) }));
    const iterator = blocks[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return!();
    expect((await waiting).done).toBe(true);
    expect(cancelled).toBe(true);
  });
});
