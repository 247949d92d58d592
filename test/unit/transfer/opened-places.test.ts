import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createServer } from "../../../src/http/server.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

const tree = () => memoryDir({ a: memoryFile("alpha"), "b.o": memoryFile("beta") });
const from = { openSource: () => memorySource(tree()) };

it("goes from what opens itself to what does", async () => {
  const root = memoryDir({});
  const summary = await transfer(from, { openTarget: () => memoryTarget(root) });
  expect(summary).toMatchObject({ type: "receive", files: 2, failed: 0 });
  expect([...root.children.keys()].sort()).toEqual(["a", "b.o"]);
});

it("goes from there to a path, and hands over what is left out", async () => {
  using temporary = tempDir();
  const excluded: boolean[] = [];
  const place = {
    openSource({ filter }: { filter?: unknown }) {
      excluded.push(filter !== undefined);
      return memorySource(tree());
    },
  };
  await transfer(place, temporary.path, { filter: ["- *.x"] });
  expect(readFileSync(join(temporary.path, "a"), "utf8")).toBe("alpha");
  expect(excluded).toEqual([true]);
});

it("tells of what becomes of paths in such a place", async () => {
  using temporary = tempDir();
  const told: string[] = [];
  const onChange = ({ change, path }: { change: string; path: string }) =>
    void told.push(`${change} ${path}`);
  await transfer(from, { openTarget: () => openTreeTarget(temporary.path) }, { onChange });
  expect(told.sort()).toEqual(["new a", "new b.o", "touched ."]);
});

it("goes to a server and comes from it", async () => {
  using temporary = tempDir();
  mkdirSync(join(temporary.path, "into"));
  await using server = createServer({ root: temporary.path });
  const url = await server.listen();
  await transfer(from, `${url}into`);
  writeFileSync(join(temporary.path, "into", "c"), "gamma");
  const root = memoryDir({});
  await transfer(`${url}into/`, { openTarget: () => memoryTarget(root) });
  expect([...root.children.keys()].sort()).toEqual(["a", "b.o", "c"]);
});
