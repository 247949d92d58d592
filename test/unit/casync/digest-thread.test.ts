import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { DigestThread } from "../../../src/casync/digest-thread.node.ts";
import { nameBlock } from "../../../src/chunk/cut-blocks.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { seededBytes } from "../../../src/testing/random.ts";

const blockBytes = 1_250_000;

function block(number: number) {
  const memory = new Uint8Array(seededBytes(number, blockBytes));
  return { memory, ends: Uint32Array.of(1, 70_000, 70_001 + number, blockBytes) };
}

test.each([sha256Digest, sha512_256Digest])("$name: a thread names as is named in place", async (digest) => {
  await using thread = new DigestThread(digest);
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
  // The first 16 MiB are not worth a thread; on one processor nothing is.
  console.log(`${digest.name}: ${handedOver.filter(Boolean).length} of 18 blocks named by the thread`);
  expect(handedOver.slice(0, 13)).toEqual(new Array(13).fill(false));
});

test("where other work needs both processors, all is named in place", async () => {
  await using thread = new DigestThread(sha256Digest);
  for (let number = 0; number < 18; number++) {
    const given = block(number);
    const naming = thread.name(given, true);
    if (availableParallelism() < 3) expect(given.memory.length).toBe(blockBytes);
    expect(Buffer.compare((await naming).ids, nameBlock(block(number), sha256Digest).ids)).toBe(0);
  }
});
