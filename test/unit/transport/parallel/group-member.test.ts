import { expect, test } from "vitest";
import type { ByteChannel } from "../../../../src/transport/channel.ts";
import { GroupMember } from "../../../../src/transport/parallel/group-member.ts";

const channel = { end: async () => {} } as ByteChannel;

test("a connection waits for something to send, is woken, and closes", async () => {
  const member = new GroupMember(channel);
  expect([member.isIdle, member.isWritable]).toEqual([false, true]);
  const woken = member.wait();
  expect(member.isIdle).toBe(true);
  member.wake();
  await woken;
  expect(member.isIdle).toBe(false);
  member.finish();
  expect([member.isIdle, member.isClosed]).toEqual([true, false]);
  await member.close();
  expect([member.isIdle, member.isClosed]).toEqual([true, false]);
  member.hearing = "end";
  expect(member.isClosed).toBe(true);
});

test("one that cannot be written to stays so, whatever it waited for", async () => {
  const member = new GroupMember(channel);
  const woken = member.wait();
  member.stopSending();
  await woken;
  expect([member.isWritable, member.isIdle]).toEqual([false, false]);
  await member.close();
  member.hearing = "end";
  expect([member.isWritable, member.isClosed]).toEqual([false, false]);
});
