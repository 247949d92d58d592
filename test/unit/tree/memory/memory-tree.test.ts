import { describe, expect, test } from "vitest";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../../src/tree/memory/memory-target.ts";
import {
  bytesOfName,
  memoryDir,
  memoryFile,
  memoryLink,
  textOfName,
} from "../../../../src/tree/memory/memory-tree.ts";
import { noise } from "../disk/disk-tree.ts";
import { syncTrees } from "../disk/sync-trees.ts";

function someTree(): ReturnType<typeof memoryDir> {
  return memoryDir({
    "a.txt": "hello",
    größe: new Uint8Array(noise(100_000, 1)),
    empty: "",
    dir: memoryDir(
      { script: memoryFile("#!/bin/sh", { mode: 0o755, mtimeSec: -5, mtimeNsec: 7 }) },
      { mode: 0o700 },
    ),
    link: memoryLink("dir/script"),
  });
}

describe("a tree in memory", () => {
  test("has names that can be read", () => {
    expect([...someTree().children.keys()].map(textOfName)).toContain("größe");
    expect(textOfName("\xff")).toBe("\uFFFD");
  });

  test("arrives in another", async () => {
    const to = memoryDir();
    expect((await syncTrees(memorySource(someTree()), memoryTarget(to))).troubles).toEqual([]);
    expect(to).toEqual(someTree());
  });

  test("arrives under its name", async () => {
    const to = memoryDir();
    await syncTrees(memorySource(someTree(), { name: "top" }), memoryTarget(to));
    expect(to).toEqual(memoryDir({ top: someTree() }));
  });

  test("sends nothing that is there already, under whatever name", async () => {
    const to = memoryDir({ elsewhere: new Uint8Array(noise(100_000, 1)) });
    const from = memoryDir({ here: new Uint8Array(noise(100_000, 1)) });
    expect((await syncTrees(memorySource(from), memoryTarget(to))).sentBytes).toBe(0);
    expect(to.children.get("here")).toMatchObject({ bytes: new Uint8Array(noise(100_000, 1)) });
  });

  test("keeps the old file when the new one changes underway", async () => {
    const from = memoryDir({ file: "new" });
    const to = memoryDir({ file: "other" });
    const source = memorySource(from);
    const changing: typeof source = {
      ...source,
      cut(...args) {
        from.children.set("file", memoryFile("newer"));
        return source.cut(...args);
      },
    };
    const { troubles } = await syncTrees(changing, memoryTarget(to));
    expect(troubles).toMatchObject([{ code: "CHANGED" }]);
    expect(to).toEqual(memoryDir({ file: "other" }));
  });

  test("what a directory takes the place of stays until all is here", async () => {
    const from = memoryDir({ name: memoryDir({ below: "new" }) });
    const to = memoryDir({ name: "old" });
    await syncTrees(memorySource(from), memoryTarget(to), { noCommit: true });
    expect(to).toEqual(memoryDir({ name: "old" }));
    await syncTrees(memorySource(from), memoryTarget(to));
    expect(to).toEqual(from);
  });

  test("lists names by their bytes", async () => {
    const names: string[] = [];
    const dir = memoryDir({ b: "", é: "", a: memoryDir({ z: "" }), "a.b": "" });
    for await (const batch of memorySource(dir).entries({})) {
      names.push(...batch.map(({ entry }) => Buffer.from(entry.name).toString()));
    }
    expect(names).toEqual([".", "a", "z", "a.b", "b", "é"]);
    expect(bytesOfName("\xff")).toEqual(Uint8Array.of(0xff));
  });
});
