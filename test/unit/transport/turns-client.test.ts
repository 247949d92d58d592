// A client whose `fetch` is played. What counts timers is apart from real requests: Node.js sets
// some for these by itself.
import { afterEach, expect, test, vi } from "vitest";
import type { SyncError } from "../../../src/errors.ts";
import type { ByteChannel } from "../../../src/transport/channel.ts";
import { connectTurns, type TurnFetch } from "../../../src/transport/http-turns.ts";
import { turnLimits } from "../../../src/transport/turns.ts";
import type { Bytes } from "../../../src/types.ts";
import { outlast, pass, stopTime } from "../../simulated-time.ts";

const MiB = 1 << 20;

async function collect(channel: ByteChannel): Promise<Buffer> {
  const blocks: Bytes[] = [];
  for await (const block of channel.read()) blocks.push(block.slice());
  return Buffer.concat(blocks);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "ok",
    (thrown: SyncError) => thrown.code,
  );
}

afterEach(() => void vi.useRealTimers());
const opened = () => new Response(JSON.stringify({ id: "0".repeat(32) }), { status: 201 });
const isOpening = (url: string) => url.includes("turns=open");
const never: TurnFetch = (_url, { signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new TypeError("aborted"))));

test.each([
  ["a page", "<html>", "BAD_MESSAGE"],
  ["another id", '{"id":"../../etc"}', "BAD_MESSAGE"],
  ["a flood", "x".repeat(100_000), "BAD_MESSAGE"],
  ["more than can be", "x".repeat(MiB + 1), "LIMIT"],
])("does not take %s for an opening", async (_, text, code) => {
  expect(await codeOf(connectTurns("http://h/", { fetch: async () => new Response(text) }))).toBe(code);
});

test("goes nowhere else", async () => {
  for (const url of ["ws://h/", "file:///x", "nonsense"])
    expect(await codeOf(connectTurns(url))).toBe("USAGE");
});

test("opens once only, and stops when it is told", async () => {
  let count = 0;
  const failing: TurnFetch = async () => {
    count += 1;
    throw new TypeError("refused");
  };
  expect(await codeOf(connectTurns("http://h/", { fetch: failing }))).toBe("PEER_GONE");
  expect(count).toBe(1);
  const reason = new Error("enough");
  const life = new AbortController();
  const opening = connectTurns("http://h/", { fetch: never, signal: life.signal });
  life.abort(reason);
  await expect(opening).rejects.toBe(reason);
  expect(await codeOf(connectTurns("http://h/", { fetch: never, connectMs: 20 }))).toBe("PEER_GONE");
});

test("gives up after a while, and tells reader and writer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let count = 0;
  const { channel } = await connectTurns("http://h/", {
    fetch: async (url, { method }) => {
      if (isOpening(url)) return opened();
      if (method === "GET") count += 1;
      throw new TypeError("refused");
    },
  });
  const reading = codeOf(collect(channel));
  const writing = codeOf(channel.write(new Uint8Array(5 * MiB)));
  expect(await outlast(Promise.all([reading, writing]), 14_000)).toEqual(["PEER_GONE", "PEER_GONE"]);
  // Whichever of the two gives up first takes the other with it.
  expect([turnLimits.turnRetryCount, turnLimits.turnRetryCount + 1]).toContain(count);
  await pass(14_000); // the farewell is refused as often
  expect(vi.getTimerCount()).toBe(0);
});

test.each(["GET", "POST"])("leaves nothing behind when what says %s gives up first", async (lost) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let slowCount = 0;
  const { channel } = await connectTurns("http://h/", {
    fetch: async (url, { method }) => {
      if (isOpening(url)) return opened();
      if (method === lost || method === "DELETE") throw new TypeError("refused");
      slowCount += 1;
      await new Promise((resolve) => setTimeout(resolve, 3000)); // so that it is behind when the other gives up
      throw new TypeError("refused");
    },
  });
  const reading = codeOf(collect(channel));
  const writing = codeOf(channel.write(new Uint8Array(5 * MiB)));
  expect(await outlast(Promise.all([reading, writing]), 14_000)).toEqual(["PEER_GONE", "PEER_GONE"]);
  expect(slowCount).toBeLessThanOrEqual(turnLimits.turnRetryCount);
  await pass(14_000); // the other one's request ends, and the farewell
  expect(vi.getTimerCount()).toBe(0);
});

test("asks again when no answer comes", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let count = 0;
  const { channel } = await connectTurns("http://h/", {
    fetch: (url, init) => (isOpening(url) ? Promise.resolve(opened()) : (count++, never(url, init))),
  });
  await vi.advanceTimersByTimeAsync(turnLimits.turnAnswerMs + 1000);
  expect(count).toBeGreaterThan(2);
  channel.abort(new Error("over"));
  await vi.advanceTimersByTimeAsync(6000);
  expect(vi.getTimerCount()).toBe(0);
});

test("lets the server know that it is there, when it has nothing to say", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const bodies: number[] = [];
  const { channel } = await connectTurns("http://h/", {
    async fetch(url, init) {
      if (isOpening(url)) return opened();
      if (init.method !== "POST") return never(url, init);
      bodies.push(init.body!.length);
      return new Response(null, { status: 204, headers: { "Rsync-Stream-At": "0" } });
    },
  });
  await vi.advanceTimersByTimeAsync(turnLimits.turnWaitMs + 100);
  expect(bodies).toEqual([0]);
  channel.abort(new Error("over"));
});

/** A server that has nothing to say. */
const quiet: TurnFetch = (url, init) => {
  const silence = new Promise((resolve) => setTimeout(resolve, turnLimits.turnWaitMs));
  return Promise.race([silence.then(() => new Response("")), never(url, init)]);
};

/**
 * A client behind a proxy that passes a body on when it has all of it, and what it sent, over a
 * line of that rate.
 */
async function behindCollector(bytesPerSecond: number) {
  const sizes: number[] = [];
  const { channel } = await connectTurns("http://h/", {
    async fetch(url, init) {
      if (isOpening(url)) return opened();
      if (init.method !== "POST") return quiet(url, init);
      const at = Number(new URL(url).searchParams.get("at"));
      const size = init.body!.length;
      sizes.push(size);
      await new Promise((resolve) => setTimeout(resolve, (1000 * size) / bytesPerSecond));
      return new Response(null, { status: 204, headers: { "Rsync-Stream-At": String(at + size) } });
    },
  });
  return { channel, sizes };
}

test.each([
  ["no longer on a line of 10 kB/s, though short ones were quick", 10_000, 32_768],
  ["longer on a line of 100 kB/s, and none takes five seconds", 100_000, 262_144],
  ["as long as may be on a quick one", 10_000_000, MiB],
])("makes bodies %s", async (_, bytesPerSecond, longest) => {
  stopTime();
  const { channel, sizes } = await behindCollector(bytesPerSecond);
  for (let i = 0; i < 10; i++) await outlast(channel.write(new Uint8Array(100)), 1000);
  await outlast(channel.write(new Uint8Array(6 * MiB)), 700_000);
  expect(Math.max(...sizes)).toBe(longest);
  channel.abort(new Error("over"));
});

test.each([
  ["confirms what was not said", "POST", { "Rsync-Stream-At": "999" }, 0, "BAD_MESSAGE"],
  ["confirms nothing", "POST", {}, 0, "BAD_MESSAGE"],
  ["says more than fits into a turn", "GET", {}, MiB + 1, "LIMIT"],
  ["names an end that makes no sense", "GET", { "Rsync-Stream-End": "soon" }, 0, "BAD_MESSAGE"],
])("leaves a server that %s", async (_, method, headers, size, code) => {
  let left = false;
  const { channel } = await connectTurns("http://h/", {
    async fetch(url, init) {
      left ||= init.method === "DELETE";
      if (isOpening(url)) return opened();
      if (init.method !== method) return never(url, init);
      return new Response(size === 0 ? "" : new Uint8Array(size), {
        headers: headers as Record<string, string>,
      });
    },
  });
  await channel.write(new Uint8Array(10));
  expect(await codeOf(collect(channel))).toBe(code);
  expect(left).toBe(true);
});

test.each([
  [404, { error: { code: "NOT_FOUND", message: "no such session" } }, "PEER_GONE"],
  [401, { error: { code: "UNAUTHORIZED", message: "not any more" } }, "UNAUTHORIZED"],
  [503, { error: { code: "LIMIT", message: "too many attempts" } }, "LIMIT"],
])("takes the server's own %i for its last word", async (status, error, code) => {
  let count = 0;
  const { channel } = await connectTurns("http://h/", {
    async fetch(url) {
      count += 1;
      return isOpening(url) ? opened() : new Response(JSON.stringify(error), { status });
    },
  });
  await expect(collect(channel)).rejects.toMatchObject({ code, remote: true });
  expect(count).toBeLessThan(5);
});
