import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { messagePortDuplex } from "../../../src/transport/message-port.ts";

test("sends a view alone, not the buffer behind it, and leaves that buffer usable", async () => {
  const { port1, port2 } = new MessageChannel();
  const { channel } = messagePortDuplex(port1);
  const received = new Promise<Uint8Array>((resolve) => port2.once("message", resolve));
  const whole = new Uint8Array(1 << 20);
  await channel.write(whole.subarray(10, 13));
  expect((await received).buffer.byteLength).toBe(3);
  expect(whole.length).toBe(1 << 20);
  channel.abort(new Error("over"));
});

test.each([
  ["credit that was never spent", 1],
  ["credit below nothing", -1],
  ["credit that is no number", Number.NaN],
  ["an object", { bytes: 1 }],
])("refuses %s", async (_, message) => {
  const { port1, port2 } = new MessageChannel();
  const { channel } = messagePortDuplex(port1);
  port2.postMessage(message);
  await expect(channel.read()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "BAD_MESSAGE" });
});

test("refuses a peer that does not wait for credit", async () => {
  const { port1, port2 } = new MessageChannel();
  const { channel } = messagePortDuplex(port1);
  const block = new Uint8Array(16 << 20);
  for (let count = 0; count < 5; count++) port2.postMessage(block);
  await expect(
    channel
      .read()
      [Symbol.asyncIterator]()
      .next()
      .then(() => channel.write(block)),
  ).rejects.toMatchObject({
    code: "LIMIT",
  });
});

test("lets the process go when both directions ended", async () => {
  const { port1, port2 } = new MessageChannel();
  const left = messagePortDuplex(port1).channel;
  const right = messagePortDuplex(port2).channel;
  const closed = new Promise((resolve) => port1.once("close", resolve));
  await Promise.all([left.end(), right.end()]);
  await closed;
  for await (const _ of left.read()) expect.unreachable();
});

test("a port closed too soon is PEER_GONE", async () => {
  const { port1, port2 } = new MessageChannel();
  const { channel } = messagePortDuplex(port1);
  const reading = channel.read()[Symbol.asyncIterator]().next();
  port2.close();
  await expect(reading).rejects.toMatchObject({ code: "PEER_GONE" });
});
