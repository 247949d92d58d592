import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { nodeFetch } from "../../src/bucket/node-fetch.node.ts";
import { seededRandom } from "../../src/bucket/random.ts";
import { syncBuckets } from "../../src/bucket/sync/sync-buckets.node.ts";
import { printedSeed } from "../printed-seed.ts";
import type { Fault, S3Stub, StubRequest } from "../s3-stub.ts";
import { usePair } from "../unit/bucket/sync/pairs.ts";

/** Requests fail in ten ways, at random; what is at the destination in the end must be right. */

const pair = usePair();
const isFull = process.env["FAULT_POINTS"] === "all";
const objectCount = isFull ? 10_000 : 120;
const faultRate = isFull ? 0.05 : 0.15;
const killCount = isFull ? 20 : 2;

type Way = (request: StubRequest, response: ServerResponse, stub: S3Stub) => boolean | Promise<boolean>;

const answer =
  (status: number, code: string, headers: Record<string, string> = {}): Way =>
  (_, response) => {
    response.writeHead(status, headers).end(`<Error><Code>${code}</Code></Error>`);
    return true;
  };

/** Answers with the content of an object, made otherwise. */
const content =
  (send: (bytes: Buffer, etag: string, response: ServerResponse) => void | Promise<void>): Way =>
  async ({ method, key }, response, stub) => {
    const object = stub.buckets.get("b")!.get(key);
    if (method !== "GET" || !object) return false;
    await send(object.bytes, object.etag, response);
    return true;
  };

const ways: Readonly<Record<string, Way>> = {
  reset: (_, response) => {
    response.destroy();
    return true;
  },
  stall: () => true,
  cut: content((bytes, etag, response) => {
    response.writeHead(200, { "content-length": bytes.length, etag: `"${etag}"` });
    response.write(bytes.subarray(0, 3), () => response.destroy());
  }),
  "500": answer(500, "InternalError"),
  "503": answer(503, "SlowDown", { "retry-after": "0" }),
  "429": answer(429, "TooManyRequests"),
  "404 between head and get": (request, response) =>
    request.method === "GET" &&
    request.key !== "" &&
    answer(404, "NoSuchKey")(request, response, pair.source) === true,
  "wrong MD5": content((bytes, etag, response) => {
    const wrong = Buffer.from(bytes);
    if (wrong.length > 0) wrong[0]! ^= 1;
    response.writeHead(200, { "content-length": wrong.length, etag: `"${etag}"` }).end(wrong);
  }),
  "expired token": answer(400, "ExpiredToken"),
  trickle: content(async (bytes, etag, response) => {
    response.writeHead(200, { "content-length": bytes.length, etag: `"${etag}"` });
    for (const byte of bytes) {
      response.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  }),
};

test("flaws 4 and 12: whatever requests fail with, and however often a run is ended, all is right in the end", async () => {
  const seed = printedSeed();
  const random = seededRandom(`${seed}`);
  for (let i = 0; i < objectCount; i++)
    pair.source.put("b", `dir${i % 7}/k${i}`, `content ${i} `.repeat(i % 20));
  for (let i = 0; i < 30; i++) pair.destination.put("b", `old${i}`, "old");
  const names = Object.keys(ways);
  const hits = new Map(names.map((name) => [name, 0]));
  let requestCount = 0;
  let stop: AbortController | undefined;
  let killAt = Infinity;
  const faultOf =
    (stub: S3Stub): Fault =>
    async (request, response) => {
      if (++requestCount >= killAt) stop?.abort(new Error("ended"));
      if (random() >= faultRate) return false;
      const name = names[Math.floor(random() * names.length)]!;
      // What is never answered costs its time; a few are enough.
      if (name === "stall" && hits.get(name)! >= (isFull ? 50 : 1)) return false;
      const isDone = await ways[name]!(request, response, stub);
      if (isDone) hits.set(name, hits.get(name)! + 1);
      return isDone;
    };
  pair.source.fault = faultOf(pair.source);
  pair.destination.fault = faultOf(pair.destination);
  const options = { attemptCount: 12, retryMs: 1, timeoutMs: 5000, fetch: nodeFetch() };
  const sides = [pair.source, pair.destination].map((stub) => ({
    bucket: pair.bucketOf(stub, options),
    prefix: "",
  }));
  const runOnce = async () =>
    syncBuckets(sides[0]!, sides[1]!, pair.statePath, {
      deletes: true,
      ...(stop && { signal: stop.signal }),
    });
  for (let kill = 0; kill < killCount; kill++) {
    stop = new AbortController();
    killAt = requestCount + 1 + Math.floor((random() * 2 * objectCount) / killCount);
    await runOnce().catch((thrown: unknown) => expect(thrown).toMatchObject({ message: "ended" }));
  }
  [stop, killAt] = [undefined, Infinity];
  // An object that was said not to be there is found by the run after.
  for (let runs = 0; ; runs++) {
    const { vanished, failed, copied } = await runOnce();
    expect(runs).toBeLessThan(12);
    if (vanished + failed + copied === 0) break;
  }
  pair.source.fault = pair.destination.fault = undefined;
  expect(pair.contentsOf(pair.destination)).toEqual(pair.contentsOf(pair.source));
  console.log(
    `${requestCount} requests for ${objectCount} objects, of which failed:`,
    Object.fromEntries(hits),
  );
});
