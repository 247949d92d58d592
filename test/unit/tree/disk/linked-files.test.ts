import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees, type SyncTreesOptions } from "./sync-trees.ts";

const names = ["a", "b", "c", "d"] as const;
const [first, ...others] = names;

/**
 * A source with the files, and a destination where one file has all their names.
 *
 * @param fileBytes what is in each file of the source
 */
function makeTrees(root: string, old: Buffer, fileBytes: readonly Buffer[]): { from: string; to: string } {
  const [from, to] = [`${root}/from`, `${root}/to`];
  fs.mkdirSync(from);
  fs.mkdirSync(to);
  names.forEach((name, i) => fs.writeFileSync(`${from}/${name}`, fileBytes[i]!));
  fs.writeFileSync(`${to}/${first}`, old);
  for (const name of others) fs.linkSync(`${to}/${first}`, `${to}/${name}`);
  fs.utimesSync(`${to}/${first}`, 1e9, 1e9);
  return { from: `${from}/`, to };
}

async function sync(from: string, to: string, options: SyncTreesOptions = {}): Promise<unknown[]> {
  return (await syncTrees(await openTreeSource(from), await openTreeTarget(to), options)).troubles;
}

describe("the names of one file", () => {
  test.each([1000, 100_000, 3_000_000])("are replaced by other files, of %d bytes", async (size) => {
    using temp = tempDir();
    const contents = names.map((_, i) => noise(size, i + 1));
    const { from, to } = makeTrees(temp.path, noise(size, 0), contents);
    expect(await sync(from, to)).toEqual([]);
    expect(describeTree(to)).toEqual(describeTree(from));
  });

  test.each([1000, 100_000])("get the time of files that equal it, of %d bytes", async (size) => {
    using temp = tempDir();
    const { from, to } = makeTrees(
      temp.path,
      noise(size, 0),
      names.map(() => noise(size, 0)),
    );
    for (const name of names) fs.utimesSync(`${from}${name}`, 1.1e9, 1.1e9);
    expect(await sync(from, to)).toEqual([]);
    expect(describeTree(to)).toEqual(describeTree(from));
  });

  test("are replaced by a link and by files", async () => {
    using temp = tempDir();
    const { from, to } = makeTrees(
      temp.path,
      noise(1000, 0),
      names.map((_, i) => noise(1000, i + 1)),
    );
    fs.rmSync(`${from}c`);
    fs.symlinkSync("a", `${from}c`);
    expect(await sync(from, to)).toEqual([]);
    expect(describeTree(to)).toEqual(describeTree(from));
  });

  test("keep an edit by somebody else that makes it longer", async () => {
    using temp = tempDir();
    const contents = names.map((_, i) => noise(1000, i + 1));
    const { from, to } = makeTrees(temp.path, noise(1000, 0), contents);
    const onBatch = (): void => fs.appendFileSync(`${to}/b`, "an edit");
    expect(await sync(from, to, { onBatch })).toHaveLength(names.length);
    for (const name of names) expect(fs.statSync(`${to}/${name}`).size).toBe(1007);
  });
});
