import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { archiveTree } from "../../../src/casync/archive-tree.node.ts";
import { readCatar } from "../../../src/casync/catar-reader.ts";
import { missing, unless } from "../../obstacles.ts";

const files = [
  ".hidden", "[b]", "a/name", "keep.o", "name/file", "q\\w", "sub/deep/name", "sub/deep/x.o", "sub/deep/z.c",
  "sub/keep.o", "sub/name/file", "sub/x.o", "x.o", "y.c",
]; // prettier-ignore

/** Lists, by the directories that they are in, and what they leave out of those files. */
const cases: readonly (readonly [lists: Readonly<Record<string, string>>, gone: readonly string[]])[] = [
  [{ "": "# x.o\n\n  keep.o \n" }, ["keep.o", "sub/keep.o"]],
  [{ "": "*.o\n!keep.o\n" }, ["sub/deep/x.o", "sub/x.o", "x.o"]],
  [{ "": "name/\n" }, ["name/file"]],
  [{ "": "name\n" }, ["a/name", "name/file", "sub/deep/name", "sub/name/file"]],
  [{ "": "/x.o\nsub//keep.o" }, ["sub/keep.o", "x.o"]],
  [{ "": "sub/*/x.o\n**/z.c\n" }, ["sub/deep/x.o"]],
  [{ "": "*dden\nq\\w\n[b]\n" }, []],
  [{ "": ".h*\nq\\\\w\n\\[b]\n" }, [".hidden", "[b]", "q\\w"]],
  [{ "": "*.o\n", sub: "!x.o\n" }, ["keep.o", "sub/keep.o", "x.o"]],
  [{ "": "sub\n!sub/x.o\n", sub: "!*\n" }, files.filter((name) => name.startsWith("sub/"))],
  [{ "": "!/x.o\n[[:alpha:]].o\n", "sub/deep": "?.c" }, ["sub/deep/x.o", "sub/deep/z.c", "sub/x.o"]],
];

function plant(lists: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "rsync-stream-exclude-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of files) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), "");
  }
  for (const [dir, text] of Object.entries(lists)) writeFileSync(join(root, dir, ".caexclude"), text);
  return root;
}

/** The files of a tree that are in its archive. */
async function packed(root: string, obeysLists: boolean): Promise<string[]> {
  const names: string[] = [];
  const path: string[] = [];
  for await (const event of (await readCatar(archiveTree(root, { obeysLists }))).events) {
    if (event.type !== "node") continue;
    const { depth, name, type } = event.node;
    path.splice(depth - 1);
    if (depth > 0) path.push(Buffer.from(name).toString("latin1"));
    if (type === "file") names.push(path.join("/"));
  }
  return names.filter((name) => !name.endsWith(".caexclude")).sort();
}

test.each(cases)("%j leaves out %j", async (lists, gone) => {
  const root = plant(lists);
  const wanted = files.filter((name) => !gone.includes(name)).sort();
  expect(await packed(root, true)).toEqual(wanted);
  expect(await packed(root, false)).toEqual([...files].sort());
});

const { test: testReal } = unless(missing("casync"));

testReal("casync leaves out the same", () => {
  for (const [lists, gone] of cases) {
    const root = plant(lists);
    const archive = `${root}.catar`;
    onTestFinished(() => rmSync(archive, { force: true }));
    spawnSync("casync", ["make", "--without=privileged", archive, root]);
    const { stdout } = spawnSync("casync", ["list", archive]);
    const found = String(stdout)
      .split("\n")
      .flatMap((line) => /^-\S+ (.*)$/.exec(line)?.[1] ?? []);
    const listed = found.map((name) => name.replace("\\134", "\\"));
    const wanted = files.filter((name) => !gone.includes(name)).sort();
    expect(listed.filter((name) => !name.endsWith(".caexclude")).sort(), JSON.stringify(lists)).toEqual(
      wanted,
    );
  }
});

test.each(["./x", "sub/..", "/", "!"])("a line that names nothing is refused: %s", async (line) => {
  await expect(packed(plant({ sub: `${line}\n` }), true)).rejects.toMatchObject({
    code: "USAGE",
    detail: { path: "sub/.caexclude" },
  });
});

test("a link is no list, and a list has an end", async () => {
  const root = plant({});
  symlinkSync("y.c", join(root, ".caexclude"));
  expect(await packed(root, true)).toEqual([...files].sort());
  rmSync(join(root, ".caexclude"));
  writeFileSync(join(root, ".caexclude"), Buffer.alloc(1_048_577, "#"));
  await expect(packed(root, true)).rejects.toMatchObject({ code: "LIMIT" });
});
