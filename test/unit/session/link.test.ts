import { beforeEach, describe, expect, it } from "vitest";

import { concatBytes } from "../../../src/bytes/compare.ts";
import { SyncError, type SyncErrorCode } from "../../../src/errors.ts";
import { encodeCounts } from "../../../src/session/closing.ts";
import { FrameWriter, preamble } from "../../../src/session/frame.ts";
import { sessionTimes } from "../../../src/session/limits.ts";
import { encodePing } from "../../../src/session/ping.ts";
import { Link } from "../../../src/session/link.ts";
import type { LivenessOptions } from "../../../src/session/liveness.ts";
import { type ByteChannel, channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { outlast, pass, stopTime } from "../../simulated-time.ts";

const never = { helloMs: 0, stallMs: 0, keepAliveMs: 0, minRateBytes: 0, paceMs: 1000 };
const nothing = new Uint8Array(0);
/** A PING that confirms nothing. */
const ping = Uint8Array.of(0);
const patienceMs = 200_000;

function links(left: LivenessOptions, right: LivenessOptions = {}, bufferBytes = 1 << 20): [Link, Link] {
  const [a, b] = duplexPair({ bufferBytes });
  return [new Link(channelOf(a), { ...never, ...left }), new Link(channelOf(b), { ...never, ...right })];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const stalled = { code: "STALLED" };

/** Hears a link to its end, and counts its frames. */
function listen(link: Link): { count: number; readonly ended: Promise<void> } {
  const heard = { count: 0, ended: Promise.resolve() };
  heard.ended = (async () => {
    for await (const _ of link.frames()) heard.count += 1;
  })();
  return heard;
}

async function first(link: Link): Promise<string | undefined> {
  for await (const frame of link.frames()) return frame.type;
  return undefined;
}

describe("a link", () => {
  beforeEach(stopTime);

  it("takes a peer for gone that does not even greet", async () => {
    const [left, right] = links({ helloMs: 100 });
    await expect(outlast(first(left), patienceMs)).rejects.toMatchObject(stalled);
    right.close();
  });

  it("takes a peer for gone that trickles its greeting", async () => {
    const [a, b] = duplexPair();
    const left = new Link(channelOf(a), { ...never, helloMs: 1000 });
    const right = channelOf(b);
    const greeting = concatBytes([preamble, new Uint8Array(1000)]);
    let sent = 0;
    const trickle = setInterval(() => {
      void right.write(greeting.slice(sent, (sent += 1))).catch(() => {});
    }, 100);
    // A byte every 100 ms: a limit on silence alone would never be reached.
    await expect(outlast(first(left), patienceMs)).rejects.toMatchObject(stalled);
    clearInterval(trickle);
  });

  it("takes a peer for gone that falls silent, and not before it greeted", async () => {
    const [left, right] = links({ stallMs: 100 });
    await right.send("PING", ping, "none");
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { type } of left.frames()) heard.push(type);
    })();
    await expect(outlast(listening, patienceMs)).rejects.toMatchObject(stalled);
    expect(heard).toEqual(["PING"]);
    right.close();
  });

  it("has a peer show more often that it is alive, where it bears less silence", async () => {
    const { keepAliveMs } = sessionTimes;
    for (const stallMs of [4000, 8000, 30_000, 50_000]) {
      const [left, right] = links({ stallMs, keepAliveMs }, { keepAliveMs });
      await left.send("CREDIT", nothing, "none");
      await right.send("CREDIT", nothing, "none");
      const listening = listen(left);
      const other = listen(right);
      let isOver = false;
      void listening.ended.catch(() => (isOver = true));
      for (let passedMs = 0; passedMs < 5 * stallMs && !isOver; passedMs += 250) await pass(250);
      expect([isOver, listening.count > 5], String(stallMs)).toEqual([false, true]);
      left.abort(new Error("enough"));
      right.close();
      await Promise.allSettled([listening.ended, other.ended]);
    }
  });

  it("takes a peer for gone that takes nothing any more, and says nothing", async () => {
    const silent: ByteChannel = {
      copiesWrites: true,
      read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
      write: () => Promise.reject(new Error("EPIPE")),
      end: async () => {},
      abort: (reason) => ends.push(reason),
    };
    const ends: unknown[] = [];
    const link = new Link(silent, never);
    await expect(link.send("CREDIT", nothing, "none")).rejects.toMatchObject({ code: "PEER_GONE" });
    void first(link);
    for (let passedMs = 0; passedMs < 10_000; passedMs += 250) await pass(250);
    expect(ends).toMatchObject([stalled]);
  });

  it("is not made to show it without end", async () => {
    const [left, right] = links({}, { keepAliveMs: 60_000 });
    await left.send("PING", encodePing({ heardBytes: 0, stallMs: 0 }), "none");
    await right.send("CREDIT", nothing, "none");
    const listening = listen(left);
    const other = listen(right);
    for (let passedMs = 0; passedMs < 20_000; passedMs += 250) await pass(250);
    expect(listening.count).toBeLessThanOrEqual(21);
    left.abort(new Error("enough"));
    right.close();
    await Promise.allSettled([listening.ended, other.ended]);
  });

  it("hears a peer that has nothing to say but is alive", async () => {
    const [left, right] = links({ stallMs: 3000 }, { keepAliveMs: 100 });
    await right.send("CREDIT", nothing, "none");
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { type } of left.frames()) {
        heard.push(type);
        if (heard.length === 3) break;
      }
    })();
    await outlast(listening, 10_000);
    expect(heard).toEqual(["CREDIT", "PING", "PING"]);
    left.close();
    right.close();
  });

  it("does not count the time that it takes itself as the peer's silence", async () => {
    const [left, right] = links({ stallMs: 200 });
    await right.send("PING", ping, "none");
    await right.send("CREDIT", nothing, "none");
    const heard: string[] = [];
    for await (const { type } of left.frames()) {
      heard.push(type);
      await pass(1200);
      if (heard.length === 2) break;
    }
    expect(heard).toEqual(["PING", "CREDIT"]);
    left.close();
    right.close();
  });

  it("says no PING behind what a peer does not take", async () => {
    const [left, right] = links({ keepAliveMs: 1000 }, {}, 10);
    const pushed = left.send("PUSH", new Uint8Array(100), "none");
    await pass(30_000);
    expect(left.sentFrames.PING).toBeUndefined();
    const heard = listen(right);
    await outlast(pushed, patienceMs);
    expect(heard.count).toBe(1);
    for (const link of [left, right]) link.abort(new SyncError("ABORTED", "enough"));
    await heard.ended.catch(() => {});
  });

  it("ends well behind the last word, however the connection ends", async () => {
    const broken = new SyncError("PEER_GONE", "the connection was reset");
    const channel: ByteChannel = {
      async *read() {
        yield concatBytes([preamble, ...new FrameWriter().write("PING", ping, "none")]);
        throw broken;
      },
      write: async () => {},
      end: async () => {},
      abort() {},
    };
    for (const isLast of [true, false]) {
      const link = new Link(channel, never);
      const hearing = (async () => {
        for await (const _ of link.frames()) if (isLast) link.linger();
      })();
      await (isLast ? expect(hearing).resolves.toBeUndefined() : expect(hearing).rejects.toBe(broken));
      link.close();
    }
  });

  it("takes a peer for gone that takes nothing", async () => {
    const [left, right] = links({ stallMs: 100 }, {}, 10);
    const pushing = (async () => {
      for (;;) await left.send("PUSH", new Uint8Array(100), "none");
    })();
    await expect(outlast(pushing, patienceMs)).rejects.toMatchObject(stalled);
    right.close();
  });

  /**
   * What becomes of a link that pushes, to a peer that is alive and takes so much a tenth of a
   * second.
   */
  async function pushTo(takenBytes: number): Promise<SyncErrorCode | undefined> {
    const [a, b] = duplexPair({ bufferBytes: 10 });
    const left = new Link(channelOf(a), { ...never, minRateBytes: 10_000 });
    const blocks = channelOf(b).read()[Symbol.asyncIterator]();
    const over = setTimeout(() => left.abort(new SyncError("ABORTED", "long enough")), 30_000);
    void first(left).catch(() => {}); // it listens, and nothing is silent for it: no limit on silence applies
    const taking = (async () => {
      for (;;) {
        const { value, done } = await blocks.next();
        if (done === true) return;
        await pause((100 * value.length) / takenBytes);
      }
    })().catch(() => {});
    const pushing = (async () => {
      for (;;) await left.send("PUSH", new Uint8Array(1000), "none");
    })();
    try {
      await outlast(pushing, 60_000, 50);
    } catch (thrown) {
      return (thrown as SyncError).code;
    } finally {
      clearTimeout(over);
      await outlast(taking, 60_000);
    }
  }

  it("leaves a peer that takes less than it has to, though it is alive", async () => {
    expect(await pushTo(100)).toBe("STALLED");
  });

  it("keeps a peer that takes what it has to", async () => {
    expect(await pushTo(3000)).toBe("ABORTED");
  });

  it.each([
    ["leaves", 1, "STALLED"],
    ["keeps", 3000, "ABORTED"],
  ])("%s a peer that completes a frame by %i bytes a tenth of a second", async (_, size, code) => {
    const [a, b] = duplexPair();
    const left = new Link(channelOf(a), { ...never, stallMs: 1000, minRateBytes: 10_000 });
    const right = channelOf(b);
    const over = setTimeout(() => left.abort(new SyncError("ABORTED", "long enough")), 30_000);
    const writer = new FrameWriter();
    await right.write(concatBytes([preamble, ...writer.write("PING", ping, "none")]));
    const long = concatBytes(writer.write("PUSH", new Uint8Array(1_000_000), "none"));
    let sent = 0;
    const trickle = setInterval(() => {
      void right.write(long.slice(sent, (sent += size))).catch(() => {});
    }, 100);
    const listening = (async () => {
      for await (const _ of left.frames());
    })();
    await expect(outlast(listening, 60_000, 50)).rejects.toMatchObject({ code });
    clearInterval(trickle);
    clearTimeout(over);
  });

  it("tells what came, also when it has much else to say", async () => {
    const [left, right] = links({ keepAliveMs: 1000 });
    const heard: [string, number | undefined][] = [];
    const listening = (async () => {
      for await (const { type, payload } of right.frames()) heard.push([type, payload[0]]);
    })();
    listening.catch(() => {});
    void first(left); // which reads the first block only, of 40 bytes
    await right.send("DATA", new Uint8Array(24), "none");
    for (let times = 0; times < 30; times++) {
      await left.send("CREDIT", nothing, "none");
      await pass(100);
    }
    expect(heard.filter(([type]) => type === "PING")).toEqual([["PING", 40]]);
    left.abort(new Error("over"));
    right.close();
  });

  it.each([
    ["less than before", [30, 20]],
    ["more than was sent", [1000]],
  ])("refuses a peer that confirms %s", async (_, counts) => {
    const [left, right] = links({});
    await left.send("DATA", new Uint8Array(24), "none");
    for (const count of counts) await right.send("PING", encodeCounts(count), "none");
    const listening = (async () => {
      for await (const _ of left.frames());
    })();
    await expect(listening).rejects.toMatchObject({ code: "UNSOLICITED" });
    left.close();
    right.close();
  });

  it("ends every wait with the signal's reason", async () => {
    const [a, b] = duplexPair({ bufferBytes: 10 });
    const controller = new AbortController();
    const left = new Link(channelOf(a), never, controller.signal);
    const waiting = first(left);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ cause: { message: "enough" } });
    channelOf(b).abort(new Error("done"));
  });
});
