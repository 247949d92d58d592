import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough, Writable } from "node:stream";
import { beforeEach, expect, test } from "vitest";
import { unseenLimits } from "../../../src/bytes/stall-watch.ts";
import type { SyncError } from "../../../src/errors.ts";
import { type CafsHandlerOptions, handleCafs } from "../../../src/http/cafs-handler.node.ts";
import { outlast, stopTime } from "../../simulated-time.ts";
import { noise, sharedBytes } from "./serving.ts";

const bufferBytes = 4 << 20;
const fileBytes = 6 << 20;

/**
 * A request whose answer goes through a buffer that takes nothing between full and half full, to a
 * client of this pace.
 */
function slowRequest(wishes: Uint8Array, bytesPerSecond: number) {
  let heldBytes = 0;
  let carriedBytes = 0;
  let goOn: (() => void) | undefined;
  const carry = setInterval(() => {
    const bytes = Math.min(heldBytes, bytesPerSecond);
    heldBytes -= bytes;
    carriedBytes += bytes;
    if (heldBytes > bufferBytes / 2) return;
    goOn?.();
    goOn = undefined;
  }, 1000);
  const response = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      heldBytes += chunk.length;
      if (heldBytes < bufferBytes) done();
      else goOn = done;
    },
    destroy(error, done) {
      clearInterval(carry);
      done(error);
    },
  });
  const head = { writeHead: () => Object.assign(response, { headersSent: true }), flushHeaders() {} };
  const request = new PassThrough();
  request.end(wishes);
  const socket = {
    setNoDelay() {},
    destroy: () => [request, response].forEach((stream) => stream.destroy()),
  };
  return {
    carriedBytes: () => carriedBytes,
    request: Object.assign(request, {
      method: "POST",
      headers: { connection: "close" },
      socket,
    }) as unknown as IncomingMessage,
    response: Object.assign(response, head) as unknown as ServerResponse,
  };
}

async function transfer(bytesPerSecond: number, limitMs: number, options: CafsHandlerOptions = {}) {
  const file = await sharedBytes(noise(fileBytes));
  const wishes = new Uint8Array(Math.ceil(file.info.chunks.length / 8)).fill(0xff);
  const spare = wishes.length * 8 - file.info.chunks.length;
  wishes[wishes.length - 1]! &= 0xff << spare;
  const client = slowRequest(wishes, bytesPerSecond);
  const failures: (SyncError | undefined)[] = [];
  const onTransfer = (_: number, error?: SyncError): void => void failures.push(error);
  const handling = handleCafs(client.request, client.response, async () => file, { ...options, onTransfer });
  await outlast(handling, limitMs, 5000);
  return { failures, client };
}

beforeEach(stopTime);

test.each([1.5, 10])(
  "a client that takes a file at %d times the least rate gets all of it",
  async (times) => {
    const { failures, client } = await transfer(times * unseenLimits.unseenRateBytes, 5_000_000);
    expect(failures).toEqual([undefined]);
    expect(client.carriedBytes()).toBeGreaterThan(fileBytes - bufferBytes - 1);
  },
);

test("a client that takes nothing is left, a minute after the least rate would have brought what was sent", async () => {
  const { failures } = await transfer(0, 10_000_000);
  expect(failures).toMatchObject([{ code: "STALLED" }]);
});

test("a client at a quarter of the least rate is left, and gets all where there is none", async () => {
  const slow = unseenLimits.unseenRateBytes / 4;
  expect((await transfer(slow, 100_000_000)).failures).toMatchObject([{ code: "STALLED" }]);
  expect((await transfer(slow, 100_000_000, { minRateBytes: 0 })).failures).toEqual([undefined]);
});
