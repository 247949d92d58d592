import { expect, it } from "vitest";
import { FoundChunks } from "../../../src/cli/exchange/found-chunks.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";

const bytesOf = (number: number) => new TextEncoder().encode(`chunk number ${number}`);

it("finds what was added where it was added first, past the room it starts with", async () => {
  const found = new FoundChunks();
  const reads: string[] = [];
  for (const owner of ["one", "two"]) {
    found.addOwner(async (offset) => {
      reads.push(`${owner} ${offset}`);
      return bytesOf(offset);
    });
    for (let i = 0; i < 3000; i++) found.add(chunkOf(bytesOf(i)).id, i, bytesOf(i).length);
  }
  const chunk = await found.get(chunkOf(bytesOf(2999)).id);
  expect(chunk.bytes).toEqual(bytesOf(2999));
  expect(reads).toEqual(["one 2999"]);
  expect(found.has(chunkOf(bytesOf(3000)).id)).toBe(false);
});

it("does not take one id for another that begins alike", async () => {
  const found = new FoundChunks();
  found.addOwner(async () => bytesOf(1));
  const { id } = chunkOf(bytesOf(1));
  const twin = Uint8Array.from(id, (byte, at) => (at < 8 ? byte : byte ^ 1));
  found.add(id, 0, 14);
  found.add(twin, 0, 14);
  expect([found.has(id), found.has(twin)]).toEqual([true, false]);
  await expect(found.get(twin)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

it("notices when a file is not what it was", async () => {
  const found = new FoundChunks();
  found.addOwner(async () => bytesOf(2));
  found.add(chunkOf(bytesOf(1)).id, 0, 14);
  await expect(found.get(chunkOf(bytesOf(1)).id)).rejects.toMatchObject({ code: "CHANGED" });
});
