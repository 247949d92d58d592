import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { seededBytes, seededRandom } from "../../../src/testing/random.ts";
import type { ByteChannel } from "../../../src/transport/channel.ts";
import { httpFetch } from "../../../src/transport/http-fetch.node.ts";
import { connectTurns, type TurnFetch } from "../../../src/transport/http-turns.ts";
import { sendRefusal } from "../../../src/transport/refusal.node.ts";
import { sessionMediaType } from "../../../src/transport/session-request.ts";
import { createTurnHost, type TurnHostOptions } from "../../../src/transport/turn-host.node.ts";
import { UnconfirmedBytes } from "../../../src/transport/turns.ts";
import type { Bytes } from "../../../src/types.ts";
import { pass, stopTime } from "../../simulated-time.ts";

const MiB = 1 << 20;

/** A host behind a server of its own, and the sessions that were opened, in order. */
async function hosting(options: TurnHostOptions = {}) {
  const host = createTurnHost(options);
  const channels: ByteChannel[] = [];
  const server = createServer((request, response) => {
    host.handle(request, response).then(
      (duplex) => void (duplex && channels.push(duplex.channel)),
      (thrown: unknown) => sendRefusal(thrown, request, response),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    host.close();
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { host, http: server, channels, url: `http://127.0.0.1:${port}/tree?session=pull` };
}

/** Both ends of a connection. */
async function connected(options: TurnHostOptions = {}, fetch: TurnFetch = plainFetch) {
  const at = await hosting(options);
  const { channel: client } = await connectTurns(at.url, { fetch });
  return { ...at, client, server: at.channels[0]! };
}

const plainFetch: TurnFetch = (url, init) => fetch(url, init);

async function collect(channel: ByteChannel): Promise<Buffer> {
  const blocks: Bytes[] = [];
  for await (const block of channel.read()) blocks.push(block.slice());
  return Buffer.concat(blocks);
}

async function say(channel: ByteChannel, bytes: Bytes): Promise<void> {
  await channel.write(bytes);
  await channel.end();
}

/** Both directions at once, all of it. */
async function exchange(client: ByteChannel, server: ByteChannel, size = 3 * MiB): Promise<void> {
  const there = seededBytes(1, size);
  const back = seededBytes(2, size);
  const [atServer, atClient] = await Promise.all([
    collect(server),
    collect(client),
    say(client, there),
    say(server, back),
  ]);
  expect(atServer.equals(there)).toBe(true);
  expect(atClient.equals(back)).toBe(true);
}

/** The bare requests, as another team's client would send them. */
async function bare(url: string, headers: Record<string, string> = {}) {
  const typed = { ...headers, "Content-Type": sessionMediaType };
  const opened = await fetch(`${url}&turns=open`, { method: "POST", headers: typed });
  expect(opened.status).toBe(201);
  expect(opened.headers.get("cache-control")).toContain("no-store");
  const { id } = (await opened.json()) as { id: string };
  const of = (at: number | string) => `${url}&turns=${id}&at=${at}`;
  return {
    id,
    post: (at: number | string, body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) =>
      fetch(of(at), { method: "POST", headers: { ...typed, ...more }, body }),
    get: (at: number | string) => fetch(of(at), { headers }),
    leave: () => fetch(of(0), { method: "DELETE", headers }),
  };
}

async function codeIn(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "ok",
    (thrown: SyncError) => thrown.code,
  );
}

describe("what gets lost is repeated", () => {
  /**
   * Loses requests before or behind the server, breaks answers off, answers as a broken proxy does.
   */
  function unlucky(seed: number): TurnFetch {
    const random = seededRandom(seed);
    return async (url, init) => {
      if (init.method === "DELETE" || url.includes("turns=open")) return fetch(url, init);
      const luck = random();
      if (luck < 0.08) throw new TypeError("lost on the way there");
      if (luck < 0.14) return new Response("Bad Gateway", { status: 502 });
      const response = await fetch(url, init);
      if (luck < 0.22) throw new TypeError("lost on the way back");
      if (luck > 0.3 || response.body === null) return response;
      const { status, headers } = response;
      return new Response(cutOff(await response.arrayBuffer(), random()), { status, headers });
    };
  }

  function cutOff(body: ArrayBuffer, part: number): ReadableStream<Uint8Array> {
    return new ReadableStream({
      async start(controller) {
        controller.enqueue(new Uint8Array(body, 0, Math.floor(body.byteLength * part)));
        await new Promise((resolve) => setTimeout(resolve, 5)); // an error would take what waits along
        controller.error(new TypeError("broke off"));
      },
    });
  }

  test.each([1, 2, 3])("requests and answers, whole and in part: seed %i", async (seed) => {
    const { client, server } = await connected({}, unlucky(seed));
    await exchange(client, server);
  });

  test("an answer that is cut short without a sign is not taken for the end", async () => {
    let cut = 0;
    const { client, server } = await connected({}, async (url, init) => {
      const response = await fetch(url, init);
      if (init.method !== "GET" || response.headers.get("Rsync-Stream-End") === null || cut++ > 3)
        return response;
      const { status, headers } = response;
      return new Response((await response.arrayBuffer()).slice(0, 10 * cut), { status, headers });
    });
    await exchange(client, server, 1000);
    expect(cut).toBeGreaterThan(3);
  });

  test("a proxy that takes short bodies only gets short ones", async () => {
    vi.useFakeTimers({ toFake: ["performance"] }); // every answer is quick
    onTestFinished(() => void vi.useRealTimers());
    const sizes: number[] = [];
    const { client, server } = await connected({}, async (url, init) => {
      sizes.push(init.body?.length ?? 0);
      return (init.body?.length ?? 0) > 300_000
        ? new Response("too large", { status: 413 })
        : fetch(url, init);
    });
    await exchange(client, server);
    expect(sizes.filter((size) => size > 300_000)).toEqual([MiB / 2]);
  });

  test("a server that has no room answers, and gets it later", async () => {
    let refused = (): void => {};
    const isRefused = new Promise<void>((resolve) => (refused = resolve));
    const { client, server } = await connected({ waitMs: 50 }, async (url, init) => {
      const response = await fetch(url, init);
      const at = new URL(url).searchParams.get("at");
      if (init.method === "POST" && response.headers.get("Rsync-Stream-At") === at) refused();
      return response;
    });
    const bytes = seededBytes(3, 6 * MiB);
    const said = say(client, bytes);
    await isRefused;
    expect((await collect(server)).equals(bytes)).toBe(true);
    await said;
  });

  test("over node:http too", async () => {
    const at = await hosting();
    const { channel } = await connectTurns(at.url, { fetch: httpFetch(at.url) });
    await exchange(channel, at.channels[0]!);
    await expect.poll(() => at.host.sessionCount).toBe(0);
  });
});

describe("positions", () => {
  test("what comes twice is taken once, and what overlaps in part", async () => {
    const at = await hosting();
    const peer = await bare(at.url);
    const received = collect(at.channels[0]!);
    for (const [position, text, taken] of [
      [0, "abc", "3"],
      [0, "abc", "3"],
      [1, "bcdef", "6"],
      [6, "", "6"],
    ] as const) {
      const response = await peer.post(position, text);
      expect([response.status, response.headers.get("Rsync-Stream-At")]).toEqual([204, taken]);
    }
    await peer.post(6, "g", { "Rsync-Stream-End": "7" });
    expect((await received).toString()).toBe("abcdefg");
    expect((await peer.post(6, "g", { "Rsync-Stream-End": "7" })).status).toBe(204);
    expect(await codeIn(await peer.post(7, "behind the end"))).toBe("BAD_MESSAGE");
  });

  test("what was said is there until the client confirms it", async () => {
    const at = await hosting({ waitMs: 50 });
    const peer = await bare(at.url);
    await at.channels[0]!.write(Buffer.from("abcdef"));
    for (let count = 0; count < 2; count++) expect(await (await peer.get(0)).text()).toBe("abcdef");
    expect(await (await peer.get(4)).text()).toBe("ef");
    expect(await codeIn(await peer.get(3))).toBe("BAD_MESSAGE");
    const quiet = await peer.get(6);
    expect([quiet.status, await quiet.text(), quiet.headers.get("Rsync-Stream-End")]).toEqual([
      200,
      "",
      null,
    ]);
    const ended = at.channels[0]!.end();
    const last = await peer.get(6);
    expect([await last.text(), last.headers.get("Rsync-Stream-End")]).toEqual(["", "6"]);
    await ended;
    expect((await peer.get(6)).headers.get("Rsync-Stream-End")).toBe("6");
  });

  test.each(["7", "-1", "1e3", "x", "", "9".repeat(17), "9007199254740993"])(
    "nobody is at %j",
    async (where) => {
      const peer = await bare((await hosting()).url);
      expect(await codeIn(await peer.post(where, "abc"))).toBe("BAD_MESSAGE");
      expect(await codeIn(await peer.get(where))).toBe("BAD_MESSAGE");
    },
  );

  test("a newer request takes the place of an older one", async () => {
    const at = await hosting();
    const peer = await bare(at.url);
    const arrived = once(at.http, "request");
    const older = peer.get(0);
    await arrived;
    const newer = peer.get(0);
    expect(await (await older).text()).toBe("");
    await at.channels[0]!.write(Buffer.from("news"));
    expect(await (await newer).text()).toBe("news");
  });
});

describe("what is refused", () => {
  test("an id that nobody gave, and one of somebody else", async () => {
    const at = await hosting();
    const mine = await bare(at.url, { Authorization: "Bearer mine" });
    for (const [id, who] of [
      [mine.id, "theirs"],
      [mine.id.replace(/./g, "0"), "mine"],
      ["x", "mine"],
      ["", "mine"],
    ]) {
      const headers = { Authorization: `Bearer ${who}` };
      const response = await fetch(`${at.url}&turns=${id}&at=0`, { headers });
      expect([response.status, await codeIn(response)]).toEqual([404, "NOT_FOUND"]);
      const left = await fetch(`${at.url}&turns=${id}`, { method: "DELETE", headers });
      expect(left.status).toBe(404);
    }
    expect((await mine.post(0, "abc")).status).toBe(204);
  });

  test("a body that is too long", async () => {
    const at = await hosting();
    const peer = await bare(at.url);
    const reading = collect(at.channels[0]!);
    reading.catch(() => {});
    expect(await codeIn(await peer.post(0, new Uint8Array(MiB + 1)))).toBe("LIMIT");
  });

  test("what no page of another site may send, and other methods", async () => {
    const at = await hosting();
    const { id } = await bare(at.url);
    for (const turns of ["open", `${id}&at=0`]) {
      const response = await fetch(`${at.url}&turns=${turns}`, { method: "POST", body: "text" });
      expect(await codeIn(response)).toBe("BAD_MESSAGE");
    }
    for (const [turns, method] of [
      ["open", "GET"],
      [id, "PUT"],
    ]) {
      expect((await fetch(`${at.url}&turns=${turns}&at=0`, { method: method! })).status).toBe(400);
    }
  });

  test("more sessions than there may be; those that are done give way", async () => {
    const at = await hosting({ sessionCount: 2 });
    const [first] = [await bare(at.url), await bare(at.url)];
    expect(await codeOf(connectTurns(at.url))).toBe("LIMIT");
    const ended = at.channels[0]!.end();
    await first.get(0);
    await ended;
    expect(await codeOf(connectTurns(at.url))).toBe("LIMIT");
    await first.post(0, "", { "Rsync-Stream-End": "0" });
    expect(await codeOf(connectTurns(at.url))).toBe("ok");
  });
});

describe("the end, in peace or not", () => {
  /** Timers that are under way in this process. */
  const timerCount = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

  test("a client that asks for nothing any more is gone", async () => {
    const at = await hosting({ idleMs: 100, waitMs: 50 });
    await bare(at.url);
    expect(await codeOf(collect(at.channels[0]!))).toBe("PEER_GONE");
    expect(await codeOf(at.channels[0]!.write(new Uint8Array(1)))).toBe("PEER_GONE");
    expect(at.host.sessionCount).toBe(0);
  });

  test("one that listens is not, however long there is nothing to say", async () => {
    stopTime();
    const { client, host, http } = await connected({ idleMs: 300, waitMs: 50 });
    for (let quietMs = 0; quietMs < 700; quietMs += 60) {
      const askedAgain = once(http, "request");
      await pass(60);
      await askedAgain;
    }
    expect(host.sessionCount).toBe(1);
    client.abort(new Error("over"));
  });

  test("who leaves says why", async () => {
    const { client, server, host } = await connected();
    client.abort(new SyncError("NO_SPACE", "the disk is full"));
    await expect(collect(server)).rejects.toMatchObject({
      code: "PEER_GONE",
      message: expect.stringContaining("the disk is full"),
    });
    expect(host.sessionCount).toBe(0);
  });

  test("when both directions have ended nothing is kept", async () => {
    const { client, server, host } = await connected();
    await exchange(client, server, 1000);
    await expect.poll(() => host.sessionCount).toBe(0);
    server.abort(new Error("over"));
    client.abort(new Error("over"));
  });

  test.each(["the client aborts", "the server aborts", "the host closes"])(
    "%s: nothing is left",
    async (who) => {
      const timersBefore = timerCount();
      const { client, server, host, http } = await connected();
      const asked = once(http, "request");
      const ends = [codeOf(collect(client)), codeOf(collect(server))];
      await client.write(new Uint8Array(10));
      await asked;
      const reason = new SyncError("ABORTED", "enough");
      if (who === "the client aborts") client.abort(reason);
      else if (who === "the server aborts") server.abort(reason);
      else host.close();
      const [atClient, atServer] = await Promise.all(ends);
      expect(atClient).toBe(who === "the client aborts" ? "ABORTED" : "PEER_GONE");
      expect(atServer).toBe(who === "the client aborts" ? "PEER_GONE" : "ABORTED");
      expect(host.sessionCount).toBe(0);
      await expect.poll(timerCount).toBeLessThanOrEqual(timersBefore);
    },
  );
});

test("what is not confirmed stays, in two blocks", () => {
  const random = seededRandom(7);
  const bytes = seededBytes(8, 10_000);
  const unconfirmed = new UnconfirmedBytes(64);
  const confirmed: Bytes[] = [];
  while (unconfirmed.start < bytes.length) {
    const { end } = unconfirmed;
    const taken = unconfirmed.append(bytes.subarray(end, end + Math.floor(random() * 100)));
    expect(unconfirmed.end).toBe(end + taken);
    expect(unconfirmed.end - unconfirmed.start).toBeLessThanOrEqual(128);
    const head = unconfirmed.head(1 + Math.floor(random() * 200));
    expect(head.length).toBeLessThanOrEqual(64);
    const part = head.slice(0, Math.floor(random() * (head.length + 1)));
    confirmed.push(part);
    unconfirmed.confirm(unconfirmed.start + part.length);
  }
  expect(Buffer.concat(confirmed).equals(bytes)).toBe(true);
});
