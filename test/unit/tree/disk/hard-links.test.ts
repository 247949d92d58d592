import fs from "node:fs";
import { expect, test } from "vitest";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { createTreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import { notRoot, unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { syncFacts } from "./fact-trees.ts";
import { syncTrees } from "./sync-trees.ts";

const keep = { hardLinks: true };

/** Names by the file that they are names of. */
function groupsIn(root: string): string[] {
  const groups = new Map<number, string[]>();
  for (const one of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (one.isDirectory()) continue;
    const path = `${one.parentPath}/${one.name}`;
    const { ino } = fs.lstatSync(path);
    groups.set(ino, [...(groups.get(ino) ?? []), path.slice(root.length + 1)]);
  }
  return [...groups.values()].map((names) => names.sort().join(" ")).sort();
}

/** Files `a`, `dir/b` and `z` with one content, a link `l` with two names, and a file `own`. */
function plant(root: string): void {
  fs.mkdirSync(`${root}/dir`, { recursive: true });
  fs.writeFileSync(`${root}/a`, "content");
  fs.linkSync(`${root}/a`, `${root}/dir/b`);
  fs.linkSync(`${root}/a`, `${root}/z`);
  fs.symlinkSync("a", `${root}/l`);
  fs.linkSync(`${root}/l`, `${root}/dir/m`);
  fs.writeFileSync(`${root}/own`, "content");
  for (const path of ["a", "l", "own"]) fs.lutimesSync(`${root}/${path}`, 1000, 1000);
}

test.each([false, true])("names of one file arrive as that, one way: %s", async (isOneWay) => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  const { changes, troubles } = await syncFacts(`${from}/`, to, keep, { isOneWay });
  expect(troubles).toEqual([]);
  expect(changes).toEqual([
    "new .",
    "new a",
    "new dir",
    "new dir/b",
    "new dir/m",
    "new l",
    "new own",
    "new z",
  ]);
  expect(groupsIn(to)).toEqual(["a dir/b z", "dir/m l", "own"]);
  expect(fs.readFileSync(`${to}/dir/b`, "latin1")).toBe("content");
  expect((await syncFacts(`${from}/`, to, keep, { isOneWay })).changes).toEqual([]);
});

test("files that are up to date are linked, as a preview says", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  await syncFacts(`${from}/`, to, {});
  expect(groupsIn(to)).toHaveLength(6);
  fs.rmSync(`${to}/z`);
  fs.utimesSync(to, 1000, 1000);
  const told: string[] = [];
  const preview = openTreePreview(to, {
    keep,
    onChange: ({ change, path }) => void told.push(`${change} ${path}`),
  });
  await syncTrees(await openTreeSource(`${from}/`, { keep }), preview);
  const { changes } = await syncFacts(`${from}/`, to, keep);
  expect(changes).toEqual(["new z", "touched .", "touched dir/b", "touched l"]);
  expect(told.sort()).toEqual(changes);
  expect(groupsIn(to)).toEqual(groupsIn(from));
});

test("a new version of one is that of all", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  await syncFacts(`${from}/`, to, keep);
  fs.writeFileSync(`${from}/z`, "another one");
  await syncFacts(`${from}/`, to, keep);
  expect(groupsIn(to)).toEqual(groupsIn(from));
  expect(fs.readFileSync(`${to}/dir/b`, "latin1")).toBe("another one");
});

test("of names that are left out, and of places that stay as they are, no other is linked", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  fs.mkdirSync(`${to}/dir`, { recursive: true });
  for (const path of ["dir/b", "z"]) fs.writeFileSync(`${to}/${path}`, "old");
  await syncFacts(`${from}/`, to, keep, { rule: { onlyExisting: true } });
  expect(groupsIn(to)).toEqual(["dir/b z"]);
  expect(fs.readFileSync(`${to}/z`, "latin1")).toBe("content");
  using other = tempDir();
  const filter = createTreeFilter(["- /a"]);
  await syncTrees(
    await openTreeSource(`${from}/`, { keep, filter }),
    await openTreeTarget(other.path, { keep }),
  );
  expect(groupsIn(other.path)).toEqual(["dir/b z", "dir/m l", "own"]);
});

test("what stands in the way of a further name gives way as for others", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  fs.mkdirSync(`${to}/z/below`, { recursive: true });
  fs.mkdirSync(`${to}/dir/m`, { recursive: true });
  const { troubles } = await syncFacts(`${from}/`, to, keep);
  expect(troubles.map(({ detail }) => detail.path)).toEqual(["z"]);
  expect(groupsIn(to)).toEqual(["a dir/b", "dir/m l", "own"]);
  await syncFacts(`${from}/`, to, keep, { maxDeletedCount: 9 });
  expect(groupsIn(to)).toEqual(groupsIn(from));
});

test("names of a file that cannot be had are told, and the others arrive", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  fs.mkdirSync(`${to}/a/below`, { recursive: true });
  const { troubles } = await syncFacts(`${from}/`, to, keep);
  expect(troubles.map(({ detail }) => detail.path)).toEqual(["a"]);
  expect(groupsIn(to)).toEqual(["dir/b z", "dir/m l", "own"]);
});

test("a peer that says of other kinds that they are one file makes none of another", async () => {
  using temp = tempDir();
  const target = await openTreeTarget(temp.path, { keep });
  const facts = { depth: 1, size: 0, mode: 0o755, mtimeSec: 1, mtimeNsec: 0 } as const;
  await target.open({ cutter: fastcdcSpec(), layout: "contents", search: false, onTrouble: () => {} });
  await target.plan(
    [
      { ...facts, depth: 0, name: Buffer.from("."), kind: "dir" },
      { ...facts, name: Buffer.from("a"), kind: "symlink", link: 7, target: Buffer.from("x") },
      { ...facts, name: Buffer.from("b"), kind: "file", link: 7 },
    ],
    0,
  );
  await target.finish([{ entry: 2, size: 0 }]);
  await target.commit(true);
  await target.close();
  expect(fs.lstatSync(`${temp.path}/b`).isFile()).toBe(true);
});

unless(notRoot).test("what names of one file share is set once, and the file stays", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  const all = { ...keep, owner: true, group: true };
  await syncFacts(`${from}/`, to, all);
  const { ino } = fs.statSync(`${to}/a`);
  fs.chownSync(`${from}/a`, 7, 8);
  fs.chmodSync(`${from}/a`, 0o600);
  fs.linkSync(`${to}/own`, `${to}/p`);
  fs.writeFileSync(`${from}/p`, "content");
  fs.utimesSync(`${from}/p`, 1000, 1000);
  fs.chmodSync(`${from}/p`, 0o604);
  expect((await syncFacts(`${from}/`, to, all)).changes).toEqual(["changed p", "touched a"]);
  expect(fs.statSync(`${to}/z`)).toMatchObject({ ino, uid: 7, gid: 8, mode: 0o100600 });
  expect(groupsIn(to)).toEqual(["a dir/b z", "dir/m l", "own", "p"]);
  expect(groupsIn(to)).toEqual(groupsIn(from));
});

unless(notRoot).test("owners of linked files are set where links are not kept, by content, too", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  plant(from);
  await syncFacts(`${from}/`, to, keep);
  fs.chownSync(`${from}/a`, 7, 8);
  const facts = { owner: true, group: true };
  const { troubles } = await syncFacts(`${from}/`, to, facts, { rule: { equality: "content" } });
  expect(troubles).toEqual([]);
  expect(fs.statSync(`${to}/z`)).toMatchObject({ uid: 7, gid: 8 });
});
