import type { ServerResponse } from "node:http";
import type { Fault, S3Stub, StubRequest } from "../s3-stub.ts";

/** Ways in which requests to a stub of S3 fail; false where a request cannot fail so. */

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
  "404 between head and get": (request, response, stub) =>
    request.method === "GET" &&
    request.key !== "" &&
    answer(404, "NoSuchKey")(request, response, stub) === true,
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

/** How requests fail. */
interface FaultOptions {
  readonly random: () => number;
  /** Of all requests, from 0 to 1. */
  readonly rate: number;
  /** What is never answered costs its time: so many of these. */
  readonly stallCount: number;
  /** Called for each request. */
  readonly onRequest?: () => void;
}

/** Makes faults, and counts them by their ways. */
export function requestFaults({ random, rate, stallCount, onRequest }: FaultOptions) {
  const names = Object.keys(ways);
  const hits = new Map(names.map((name) => [name, 0]));
  const faultOf =
    (stub: S3Stub): Fault =>
    async (request, response) => {
      onRequest?.();
      if (random() >= rate) return false;
      const name = names[Math.floor(random() * names.length)]!;
      if (name === "stall" && hits.get(name)! >= stallCount) return false;
      const isDone = await ways[name]!(request, response, stub);
      if (isDone) hits.set(name, hits.get(name)! + 1);
      return isDone;
    };
  return { faultOf, hits };
}
