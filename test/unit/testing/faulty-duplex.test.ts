import { expect, test } from "vitest";
import { type Faults, faultyDuplex } from "../../../src/testing/faulty-duplex.ts";
import { seededBytes } from "../../../src/testing/random.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { Bytes } from "../../../src/types.ts";

const sent = seededBytes(1, 10_000);

/** What arrives through the faults of 10 000 bytes sent in blocks of 1000, and what was thrown. */
async function receive(faults: Faults): Promise<{ blocks: Bytes[]; bytes: Buffer; thrown: unknown }> {
  const [left, right] = duplexPair();
  for (let at = 0; at < sent.length; at += 1000) await left.channel.write(sent.slice(at, at + 1000));
  await left.channel.end();
  const blocks: Bytes[] = [];
  let thrown: unknown;
  try {
    for await (const block of faultyDuplex(right, faults).channel.read()) blocks.push(block);
  } catch (error) {
    thrown = error;
  }
  return { blocks, bytes: Buffer.concat(blocks), thrown };
}

test("passes everything on when nothing is to go wrong", async () => {
  const { blocks, bytes, thrown } = await receive({});
  expect(bytes.equals(sent)).toBe(true);
  expect(blocks.length).toBe(10);
  expect(thrown).toBeUndefined();
});

test("cuts blocks up, in the same way for the same seed", async () => {
  const [first, second, other] = await Promise.all([
    receive({ maxBlockBytes: 7, seed: 3 }),
    receive({ maxBlockBytes: 7, seed: 3 }),
    receive({ maxBlockBytes: 7, seed: 4 }),
  ]);
  const lengths = ({ blocks }: { blocks: Bytes[] }) => blocks.map((block) => block.length);
  expect(first.bytes.equals(sent)).toBe(true);
  expect(Math.max(...lengths(first))).toBe(7);
  expect(lengths(second)).toEqual(lengths(first));
  expect(lengths(other)).not.toEqual(lengths(first));
});

test.each([0, 999, 1000, 5555, 9999])("flips one bit of byte %i, in a copy", async (flipAtBytes) => {
  const before = Buffer.from(sent);
  const { bytes } = await receive({ flipAtBytes, maxBlockBytes: 300 });
  const changed = [...bytes.keys()].filter((at) => bytes[at] !== sent[at]);
  expect(changed).toEqual([flipAtBytes]);
  expect(Math.log2(bytes[flipAtBytes]! ^ sent[flipAtBytes]!) % 1).toBe(0);
  expect(before.equals(sent)).toBe(true);
});

test.each([0, 1, 1000, 3333])("ends in good order after %i bytes", async (endAtBytes) => {
  const { bytes, thrown } = await receive({ endAtBytes });
  expect(bytes.equals(sent.subarray(0, endAtBytes))).toBe(true);
  expect(thrown).toBeUndefined();
});

test.each([0, 1, 1000, 3333])("breaks after %i bytes", async (cutAtBytes) => {
  const { bytes, thrown } = await receive({ cutAtBytes });
  expect(bytes.equals(sent.subarray(0, cutAtBytes))).toBe(true);
  expect(thrown).toMatchObject({ code: "PEER_GONE" });
});

test("stalls until it is aborted", async () => {
  const [left, right] = duplexPair();
  await left.channel.write(sent.slice(0, 50));
  const { channel } = faultyDuplex(right, { stallAtBytes: 20 });
  const blocks = channel.read()[Symbol.asyncIterator]();
  expect((await blocks.next()).value?.length).toBe(20);
  let settled = false;
  const stalled = blocks.next().finally(() => (settled = true));
  stalled.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(settled).toBe(false);
  const reason = new Error("enough");
  channel.abort(reason);
  await expect(stalled).rejects.toBe(reason);
});
