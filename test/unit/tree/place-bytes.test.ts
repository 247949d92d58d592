import fs from "node:fs";
import { expect, test } from "vitest";
import { openTreeSource } from "../../../src/tree/source.node.ts";
import { openTreeTarget } from "../../../src/tree/target.node.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

/** False on file systems that take only text for names. */
const takesBytes = ((): boolean => {
  using temp = tempDir();
  try {
    fs.mkdirSync(Buffer.from(`${temp.path}/\xe9`, "latin1"));
    return true;
  } catch {
    console.log("skipped: names that are not UTF-8 cannot be made here");
    return false;
  }
})();

test.skipIf(!takesBytes)("a link leads to a place whose name is not UTF-8, at both ends", async () => {
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
