import { beforeEach, expect, test, vi } from "vitest";
import { DigestThread } from "../../../src/casync/digest-thread.node.ts";
import { nameBlock } from "../../../src/chunk/cut-blocks.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { seededBytes } from "../../../src/testing/random.ts";

/** How many processors there seem to be. */
const machine = vi.hoisted(() => ({ processorCount: 2 }));
vi.mock(import("node:os"), async (original) => ({
  ...(await original()),
  availableParallelism: () => machine.processorCount,
}));
beforeEach(() => void (machine.processorCount = 2));

const blockBytes = 1_250_000;

/** What keeps this process alive of threads. */
const portCount = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;

function block(number: number) {
  const memory = new Uint8Array(seededBytes(number, blockBytes));
  return { memory, ends: Uint32Array.of(1, 70_000, 70_001 + number, blockBytes) };
}

test.each([sha256Digest, sha512_256Digest])("$name: a thread names as is named in place", async (digest) => {
  await using thread = new DigestThread(digest);
  const portsBefore = portCount();
  const handedOver: boolean[] = [];
  for (let number = 0; number < 18; number++) {
    const given = block(number);
    const naming = thread.name(given, false);
    handedOver.push(given.memory.length === 0);
    const named = await naming;
    const { ids, ends, memory } = nameBlock(block(number), digest);
    expect([number, Buffer.compare(named.ids, ids), Buffer.compare(named.memory, memory)]).toEqual([
      number,
      0,
      0,
    ]);
    expect([...named.ends]).toEqual([...ends]);
  }
  // The first 16 MiB are not worth a thread.
  expect(handedOver).toEqual(Array.from({ length: 18 }, (_, number) => number >= 14));
  expect(portCount()).toBe(portsBefore); // nobody waits for the thread
});

test.each([
  [1, false],
  [2, true],
])("with %i processors, and other work for both: %s, all is named in place", async (count, isBusy) => {
  machine.processorCount = count;
  await using thread = new DigestThread(sha256Digest);
  for (let number = 0; number < 18; number++) {
    const given = block(number);
    const naming = thread.name(given, isBusy);
    expect(given.memory.length).toBe(blockBytes);
    expect(Buffer.compare((await naming).ids, nameBlock(block(number), sha256Digest).ids)).toBe(0);
  }
});
