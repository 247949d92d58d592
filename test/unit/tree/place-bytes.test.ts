import fs from "node:fs";
import { expect } from "vitest";
import { openTreeSource } from "../../../src/tree/source.node.ts";
import { openTreeTarget } from "../../../src/tree/target.node.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";
import { type Obstacle, unless } from "../../obstacles.ts";

/** For names that are no text, which some file systems do not take. */
function onlyText(): Obstacle {
  using temp = tempDir();
  try {
    fs.mkdirSync(Buffer.from(`${temp.path}/\xe9`, "latin1"));
    return undefined;
  } catch {
    return "names that are not UTF-8 cannot be made here";
  }
}

unless(onlyText()).test("a link leads to a place whose name is not UTF-8, at both ends", async () => {
  using temp = tempDir();
  for (const name of ["from", "to"]) {
    const place = Buffer.from(`${temp.path}/${name}\xe9`, "latin1");
    fs.mkdirSync(place);
    fs.symlinkSync(place, `${temp.path}/${name}`);
  }
  fs.writeFileSync(`${temp.path}/from/file`, "x");
  const source = await openTreeSource(`${temp.path}/from/`);
  const { troubles } = await syncTrees(source, await openTreeTarget(`${temp.path}/to`));
  expect(troubles).toEqual([]);
  expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["file"]);
  expect(fs.readdirSync(temp.path)).toHaveLength(4);
});
