import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { createTreeFilter, type TreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import { notPosix, unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

function plant(root: string, files: Readonly<Record<string, string>>): void {
  fs.mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(root, path)), { recursive: true });
    fs.writeFileSync(join(root, path), content);
  }
}

const listed = (root: string): string[] =>
  fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((one) => !one.isDirectory())
    .map((one) => join(one.parentPath, one.name).slice(root.length + 1))
    .sort();

async function mirror(from: string, to: string, filter: TreeFilter): Promise<string[]> {
  const source = await openTreeSource(`${from}/`, { filter });
  await syncTrees(source, await openTreeTarget(to, { filter, maxDeletedCount: 100 }));
  return listed(to);
}

test("a file with rules that travels spares at its first run", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { "d/.r": "- *.o\n", "d/a": "", "d/b.o": "" });
  plant(to, { "d/old.o": "", "d/old": "", "e/old.o": "" });
  expect(await mirror(from, to, createTreeFilter([": .r"]))).toEqual(["d/.r", "d/a", "d/old.o"]);
});

test("what perishes keeps no directory that has to go, anything else does", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { "a/f": "" });
  plant(to, { "a/x.o": "", "gone/x.o": "", "kept/x.o": "", "kept/y": "", "kept/z": "" });
  const filter = createTreeFilter(["-p *.o", "P y"]);
  expect(await mirror(from, to, filter)).toEqual(["a/f", "a/x.o", "kept/y"]);
});

test("what is left out is deleted when rules are the sender's", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { a: "", "b.o": "" });
  plant(to, { "b.o": "", "c.o": "", p: "" });
  const filter = createTreeFilter(["- *.o", "P p"], { deletesExcluded: true });
  expect(await mirror(from, to, filter)).toEqual(["a", "p"]);
});

test("rules that cannot be read end the run before anything is deleted", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { a: "" });
  plant(to, { "d/.r": "secret", "d/b": "", c: "" });
  const filter = createTreeFilter([":r .r", "- /d/.r"]);
  const message = expect.stringMatching(/^line 1 of d\/\.r: this is no filter rule/);
  const fault = { code: "USAGE", message };
  await expect(mirror(from, to, filter)).rejects.toMatchObject(fault);
  expect(listed(to)).toEqual(["a", "c", "d/.r", "d/b"]);
  plant(from, { "s/.r": "secret" });
  await expect(mirror(from, `${to}-2`, createTreeFilter([": .r"]))).rejects.toMatchObject({ code: "USAGE" });
});

unless(notPosix).test("a sender follows a link to a file with rules, a receiver does not", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(temp.path, { rules: "- *.o\n" });
  plant(from, { a: "", "b.o": "" });
  fs.symlinkSync("../rules", `${from}/.r`);
  const filter = createTreeFilter([":s .r"]);
  expect(await mirror(from, to, filter)).toEqual([".r", "a"]);
  plant(to, { old: "" });
  await expect(mirror(from, to, createTreeFilter([": .r"]))).rejects.toMatchObject({ code: "USAGE" });
  expect(listed(to)).toEqual([".r", "a", "old"]);
});

unless(notPosix).test("what stands for a file with rules and is none has no rules", async () => {
  using temp = tempDir();
  const from = `${temp.path}/from`;
  plant(from, { "d/.r/a": "", b: "" });
  const filter = createTreeFilter([": .r"]);
  expect(await mirror(from, `${temp.path}/to`, filter)).toEqual(["b", "d/.r/a"]);
  const server = net.createServer().listen(`${from}/.r`);
  await once(server, "listening");
  await using _ = { [Symbol.asyncDispose]: async () => void (await once(server.close(), "close")) };
  expect(await mirror(from, `${temp.path}/to`, filter)).toEqual(["b", "d/.r/a"]);
});

test("rules above the tree count where a path leads there", async () => {
  using temp = tempDir();
  plant(temp.path, { "up/.r": "- /from/a\n- c", "up/from/a": "", "up/from/b": "", "up/from/c": "" });
  const filter = createTreeFilter([`: ${temp.path}/up/.r`]);
  expect(await mirror(`${temp.path}/up/from`, `${temp.path}/to`, filter)).toEqual(["b"]);
});

test("a preview tells what rules spare", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { a: "" });
  plant(to, { "d/.r": "- b\n", "d/b": "", "d/c": "" });
  const filter = createTreeFilter([":e .r"]);
  const deleted: string[] = [];
  const target = openTreePreview(to, {
    filter,
    maxDeletedCount: 100,
    onChange: ({ change, path }) => void (change === "deleted" && deleted.push(path)),
  });
  await syncTrees(await openTreeSource(`${from}/`, { filter }), target);
  expect(deleted).toEqual(["d/c"]);
});

test.each(["target", "preview"])("a %s refuses what the sender was told to leave out", async (kind) => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from, { "a/f": "", "a/g": "", "b/f": "", "b/c/f": "", f: "" });
  const heard: string[] = [];
  const open = async (expected: TreeFilter, place: string) =>
    kind === "target" ? openTreeTarget(place, { expected }) : openTreePreview(place, { expected });
  const expected = createTreeFilter(["- /b/", "+ g", "- a/*", "R f"]);
  const { troubles } = await syncTrees(await openTreeSource(`${from}/`), await open(expected, to));
  for (const { code, detail } of troubles) heard.push(`${code} ${detail.path}`);
  expect(heard).toEqual(["UNSOLICITED a/f", "UNSOLICITED b"]);
  if (kind === "target") expect(listed(to)).toEqual(["a/g", "f"]);
  const named = createTreeFilter(["- /from/b", "- /a"]);
  const { troubles: again } = await syncTrees(await openTreeSource(from), await open(named, `${to}-2`));
  expect(again.map(({ detail }) => detail.path)).toEqual(["from/b"]);
  const unknown = createTreeFilter([": .r", "- f"]);
  const { troubles: none } = await syncTrees(
    await openTreeSource(`${from}/`),
    await open(unknown, `${to}-3`),
  );
  expect(none).toEqual([]);
});
