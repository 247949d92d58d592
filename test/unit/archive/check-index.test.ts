import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkIndex, type CheckIndexOptions } from "../../../src/archive/check-index.node.ts";
import { diffIndexes } from "../../../src/archive/differences.node.ts";
import { openIndex } from "../../../src/archive/open-index.node.ts";
import { tarLikeForm } from "../../../src/archive/tar-like/tar-table.node.ts";
import type { TreeChange } from "../../../src/tree/entry/entry.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { freshDir, indexTo, plantFiles } from "./indexed-trees.ts";

const names = Array.from({ length: 40 }, (_, i) => `dir${i % 4}/file${i}`);

function plantTree(): { readonly root: string; readonly index: string; readonly dir: string } {
  const dir = freshDir();
  const root = join(dir, "tree");
  plantFiles(root, Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
  return { root, index: join(dir, "index"), dir };
}

const told = ({ change, path, differs }: TreeChange): string => [change, path, ...differs].join(" ");

async function check(root: string, path: string, options: CheckIndexOptions = {}) {
  const [source, index] = [await openTreeSource(`${root}/`), openIndex(path)];
  const found: string[] = [];
  try {
    const progress = await checkIndex(source, index, {
      ...options,
      onDifference: (difference) => found.push(told(difference)),
    });
    return { ...progress, found: found.filter((line) => !/dir\d time$/.test(line)) };
  } finally {
    index.close();
    await source.close();
  }
}

/** Other content of the same length, at the same time. */
function damage(root: string, name: string): void {
  writeFileSync(join(root, name), `content 0f ${name}`);
  utimesSync(join(root, name), 1000, 1000);
}

it("tar-like 13: tells all that is not as the index has it, and the same of two indexes", async () => {
  const { root, index, dir } = plantTree();
  await indexTo(index, root);
  damage(root, "dir1/file5");
  rmSync(join(root, "dir2/file2"));
  plantFiles(root, { "dir3/longer": "", "dir0/file0": "longer than before, indeed" });
  utimesSync(join(root, "dir0/file4"), 1001, 1001);
  const wanted = [
    "changed dir0/file0 content size",
    "touched dir0/file4 time",
    "changed dir1/file5 content",
    "new dir2/file2",
    "deleted dir3/longer",
  ];
  const { found, checkedFiles, damagedFiles } = await check(root, index);
  expect(found).toEqual(wanted);
  expect([checkedFiles, damagedFiles]).toEqual([40, 3]);
  await indexTo(join(dir, "second"), root);
  const [first, second] = [openIndex(index), openIndex(join(dir, "second"))];
  const changes: string[] = [];
  for await (const change of diffIndexes(second, first)) changes.push(told(change));
  first.close();
  second.close();
  expect(changes.filter((line) => !/dir\d time$/.test(line))).toEqual(wanted);
});

it("reads as many files as are drawn, the same ones for a seed, and any of them", async () => {
  const { root, index } = plantTree();
  await indexTo(index, root);
  for (const name of names) damage(root, name);
  const drawn = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const { checkedFiles, damagedFiles, found } = await check(root, index, {
      sampleCount: 10,
      seed: `s${i}`,
    });
    expect([checkedFiles, damagedFiles, found.length]).toEqual([10, 10, 10]);
    for (const line of found) drawn.add(line);
  }
  expect(drawn.size).toBe(names.length);
  const again = await check(root, index, { sampleCount: 10, seed: "s0" });
  expect(again.found).toEqual((await check(root, index, { sampleCount: 10, seed: "s0" })).found);
});

it("reads only what was modified since a time", async () => {
  const { root, index } = plantTree();
  utimesSync(join(root, "dir1/file1"), 2000, 2000);
  await indexTo(index, root);
  for (const name of ["dir1/file5", "dir1/file1"]) damage(root, name);
  utimesSync(join(root, "dir1/file1"), 2000, 2000);
  expect((await check(root, index, { sinceSec: 2000 })).found).toEqual(["changed dir1/file1 content"]);
  expect((await check(root, index, { sinceSec: 2001 })).found).toEqual([]);
});

it("goes on behind the path where an earlier run ended", async () => {
  const { root, index } = plantTree();
  await indexTo(index, root);
  damage(root, "dir0/file0");
  damage(root, "dir3/file3");
  const { checkedFiles, found } = await check(root, index, { after: "dir1/file9" });
  expect(found).toEqual(["changed dir3/file3 content"]);
  expect(checkedFiles).toBe(20);
});

it("compares with the database of tar-like, which knows of files alone", async () => {
  const { root, index } = plantTree();
  await indexTo(index, root, tarLikeForm, { digest: "md5" });
  damage(root, "dir1/file5");
  expect((await check(root, index)).found).toEqual(["changed dir1/file5 content"]);
});

it("keeps to the rate at which it may read", async () => {
  const { root, index } = plantTree();
  plantFiles(root, { large: "x".repeat(200_000) });
  await indexTo(index, root);
  const begun = performance.now();
  const { readBytes } = await check(root, index, { bytesPerSecond: 1_000_000 });
  expect(performance.now() - begun).toBeGreaterThan((readBytes / 1_000_000) * 1000 * 0.95);
});

it("removes what a killed process left at an index, and nothing else of that name", async () => {
  const { root, index } = plantTree();
  await indexTo(index, root);
  mkdirSync(`${index}.lock`);
  expect(await check(root, index)).toMatchObject({ damagedFiles: 0 });
  const notes = join(`${index}.lock`, "notes");
  mkdirSync(`${index}.lock`);
  writeFileSync(notes, "of somebody else");
  await check(root, index).catch(() => {});
  expect(existsSync(notes)).toBe(true);
});
