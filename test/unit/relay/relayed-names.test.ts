import { expect, onTestFinished, test } from "vitest";
import { listingLimits } from "../../../src/tree/entry/shared-names.ts";
import { memoryDir, memoryFile, memoryLink } from "../../../src/tree/memory/memory-tree.ts";
import { relayOf, upstreamOf } from "./relaying.ts";

const { listedNameCount } = listingLimits;
const many = Object.fromEntries(
  Array.from({ length: 2 * listedNameCount + 1 }, (_, i) => [
    `f${String(i).padStart(5, "0")}`,
    memoryFile(""),
  ]),
);
const tree = memoryDir({
  a: memoryFile("12345", { mtimeSec: 7 }),
  link: memoryLink("a"),
  many: memoryDir(many),
  none: memoryDir(),
  sub: memoryDir({ sub: memoryDir({ inner: memoryFile("x") }) }),
});

function relay() {
  const made = relayOf(upstreamOf(tree).connect);
  onTestFinished(() => made.close());
  return (path: string, after = "") => {
    const components = path
      .split("/")
      .filter(Boolean)
      .map((name) => Buffer.from(name));
    return made.share.listNames({ components, contents: true }, after);
  };
}

test("the names of a relayed directory are those that the upstream told of", async () => {
  const list = relay();
  const { names, next } = await list("");
  expect(next).toBeUndefined();
  expect(names.map(({ name, kind, size }) => [name, kind, size])).toEqual([
    ["a", "file", 5],
    ["link", "symlink", 0],
    ["many", "dir", 0],
    ["none", "dir", 0],
    ["sub", "dir", 0],
  ]);
  expect(names[0]!.mtimeSec).toBe(7);
  expect((await list("sub")).names).toMatchObject([{ name: "sub", kind: "dir" }]);
  expect((await list("sub/sub")).names).toMatchObject([{ name: "inner", kind: "file", size: 1 }]);
  expect(await list("none")).toEqual({ names: [] });
});

test("many names come in parts, each once", async () => {
  const list = relay();
  const found: string[] = [];
  let after: string | undefined = "";
  while (after !== undefined) {
    const part = await list("many", after);
    found.push(...part.names.map(({ name }) => name));
    expect(part.names.length).toBeLessThanOrEqual(listedNameCount);
    after = part.next;
  }
  expect(found).toEqual(Object.keys(many));
});

test.each(["nowhere", "a", "sub/inner", "none/x"])("%s is no directory of it", async (path) => {
  await expect(relay()(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("an upstream that cannot be reached is the reason", async () => {
  const made = relayOf(() => Promise.reject(new Error("no")), { retries: 0 });
  onTestFinished(() => made.close());
  await expect(made.share.listNames({ components: [], contents: true }, "")).rejects.toMatchObject({
    name: "SyncError",
  });
});
