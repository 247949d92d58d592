import fs from "node:fs";
import net from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createTreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { tempDir } from "./disk-tree.ts";

/** What is listed of a place, and what is reported, when these patterns are left out. */
async function list(place: string, ...patterns: string[]): Promise<string[]> {
  const rules = patterns.map((pattern) => `- ${pattern}`);
  const source = await openTreeSource(place, { filter: createTreeFilter(rules) });
  const seen: string[] = [];
  const onTrouble = (error: Error): void => void seen.push(error.message);
  for await (const batch of source.entries({ onTrouble })) {
    for (const { entry } of batch) seen.push(`${entry.depth} ${Buffer.from(entry.name).toString()}`);
  }
  await source.close();
  return seen;
}

test("paths begin in what is sent, with its name where that is sent", async () => {
  using temp = tempDir();
  fs.mkdirSync(`${temp.path}/src/a`, { recursive: true });
  fs.writeFileSync(`${temp.path}/src/a/b`, "");
  expect(await list(`${temp.path}/src/`, "/src", "src/a", "/a/b")).toEqual(["0 .", "1 a"]);
  expect(await list(`${temp.path}/src`, "/a", "/src/a/b")).toEqual(["0 src", "1 a"]);
  expect(await list(`${temp.path}/src`, "src/")).toEqual([]);
  expect(await list(`${temp.path}/src/a/b`, "/b")).toEqual([]);
  expect(await list(`${temp.path}/src/a/b`, "/a/b", "b/")).toEqual(["0 b"]);
});

test("nothing is read of a tree that is left out itself", async () => {
  using temp = tempDir();
  fs.mkdirSync(`${temp.path}/src`);
  fs.writeFileSync(`${temp.path}/src/.r`, "what is no rule");
  const source = await openTreeSource(`${temp.path}/src`, { filter: createTreeFilter(["- src", ": .r"]) });
  expect(source.subtrees).toBeUndefined();
  for await (const batch of source.entries({})) expect(batch).toEqual([]);
  await source.close();
});

test("what is left out is not reported, whatever it is", async () => {
  using temp = tempDir();
  const server = net.createServer().listen(`${temp.path}/socket`);
  await once(server, "listening");
  fs.mkdirSync(`${temp.path}/dir`);
  fs.writeFileSync(Buffer.from(`${temp.path}/dir/\xff`, "latin1"), "");
  expect(await list(`${temp.path}/`, "socket", "d?r/?")).toEqual(["0 .", "1 dir"]);
  server.close();
});
