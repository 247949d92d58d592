import { expect, test } from "vitest";
import { ByteRoom } from "../../../src/bytes/byte-room.ts";

test("work that needs more room than is left waits, and those that come later wait behind it", async () => {
  const room = new ByteRoom(10);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string, bytes: number) =>
    room.use(bytes, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const settle = async () => void (await new Promise((resolve) => setImmediate(resolve)));
  const all = [work("a", 6), work("b", 4), work("c", 8), work("d", 1)];
  await settle();
  expect(begun).toEqual(["a", "b"]);
  ends.get("b")!();
  await settle();
  expect(begun).toEqual(["a", "b"]);
  ends.get("a")!();
  await settle();
  expect(begun).toEqual(["a", "b", "c", "d"]);
  ends.get("c")!();
  ends.get("d")!();
  await Promise.all(all);
});

test("work that fails gives its room back", async () => {
  const room = new ByteRoom(1);
  await expect(room.use(1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await room.use(1, async () => "done")).toBe("done");
});
