import { expect, onTestFinished, test } from "vitest";
import { abortable } from "../../../src/bytes/abort.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import { noise } from "../http/serving.ts";
import { relayOf, upstreamOf } from "./relaying.ts";

const content = noise(300_000, 5);
const tree = memoryDir({ empty: memoryFile(""), sub: memoryDir({ big: memoryFile(content) }) });

function place(path: string) {
  return { components: path.split("/").map((name) => Buffer.from(name)), contents: false };
}

function relay() {
  const made = relayOf(upstreamOf(tree).connect);
  onTestFinished(() => made.close());
  return made;
}

test.each([
  [0, 300_000],
  [0, 1],
  [299_999, 300_000],
  [7, 7],
  [12_345, 234_567],
])("the bytes %d to %d of a relayed file come as they are", async (from, to) => {
  const made = relay();
  const file = await made.share.openContent(place("sub/big"), {});
  expect([file.name, file.size]).toEqual(["big", 300_000]);
  const blocks: Uint8Array[] = [];
  for await (const block of file.read(from, to)) blocks.push(block);
  expect(Buffer.concat(blocks).equals(Buffer.from(content.subarray(from, to)))).toBe(true);
  expect(made.status.readerCount).toBe(1);
  await file.close();
  expect(made.status.readerCount).toBe(0);
});

test("an empty file has nothing to read, and what is no file is not there", async () => {
  const made = relay();
  const file = await made.share.openContent(place("empty"), {});
  for await (const _ of file.read(0, 0)) expect.unreachable();
  expect(file.size).toBe(0);
  await file.close();
  for (const path of ["sub", "none", "sub/none"])
    await expect(made.share.openContent(place(path), {})).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(made.status.readerCount).toBe(0);
});

test("who leaves while the upstream has not told of the file is not waited for", async () => {
  const made = relayOf(({ signal }) => abortable(new Promise(() => {}), signal));
  onTestFinished(() => made.close());
  const life = new AbortController();
  const opening = made.share.openContent(place("sub/big"), { signal: life.signal });
  life.abort(new Error("left"));
  await expect(opening).rejects.toThrow("left");
  expect(made.status.readerCount).toBe(0);
});
