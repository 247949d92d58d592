import { expect, test } from "vitest";
import type { ByteChannel } from "../../../src/transport/channel.ts";
import type { Bytes } from "../../../src/types.ts";
import { LockstepLine } from "../../lockstep-line.ts";

async function next(blocks: AsyncIterator<Bytes>): Promise<number> {
  const { value } = await blocks.next();
  return (value as Bytes).length;
}

function reader({ channel }: { readonly channel: ByteChannel }): AsyncIterator<Bytes> {
  return channel.read()[Symbol.asyncIterator]();
}

test("what is said together travels together, and answers make flights of their own", async () => {
  const line = new LockstepLine();
  async function ask(): Promise<void> {
    const answers = reader(line.left);
    await line.left.channel.write(new Uint8Array(10));
    await line.left.channel.write(new Uint8Array(5));
    expect(await next(answers)).toBe(3);
    await line.left.channel.write(new Uint8Array(1));
  }
  async function answer(): Promise<void> {
    const questions = reader(line.right);
    expect(await next(questions)).toBe(10);
    expect(await next(questions)).toBe(5);
    await line.right.channel.write(new Uint8Array(3));
    expect(await next(questions)).toBe(1);
  }
  const costs = await line.carry(Promise.all([ask(), answer()]));
  expect(costs).toEqual({ leftBytes: 16, rightBytes: 3, flights: 3 });
});

test("ends that wait for each other are found out", async () => {
  const line = new LockstepLine();
  const ends = Promise.all([next(reader(line.left)), next(reader(line.right))]);
  await expect(line.carry(ends)).rejects.toThrow("both ends wait after 0 flights");
});
