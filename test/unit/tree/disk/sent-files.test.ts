import fs from "node:fs";
import { expect, test } from "vitest";
import type { SyncError } from "../../../../src/errors.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { tempDir } from "./disk-tree.ts";

test("what changed after it was listed is not removed, and told", async () => {
  using temp = tempDir();
  for (const name of ["a", "b", "c", "f"]) fs.writeFileSync(`${temp.path}/${name}`, "1");
  fs.linkSync(`${temp.path}/a`, `${temp.path}/d`);
  const source = await openTreeSource(`${temp.path}/`, { removesSourceFiles: true });
  let count = 0;
  for await (const batch of source.entries({})) count += batch.length;
  expect(count).toBe(6);
  fs.writeFileSync(`${temp.path}/b`, "12");
  fs.rmSync(`${temp.path}/c`);
  const { mtimeMs } = fs.statSync(`${temp.path}/f`);
  fs.writeFileSync(`${temp.path}/f`, "2");
  fs.utimesSync(`${temp.path}/f`, mtimeMs / 1000, Math.floor(mtimeMs / 1000) + 0.000_001);
  fs.writeFileSync(`${temp.path}/e`, "came later");
  const troubles: SyncError[] = [];
  await source.arrived!((error) => void troubles.push(error));
  await source.close();
  expect(troubles.map(({ code, detail }) => [code, detail.path])).toEqual([
    ["CHANGED", "b"],
    ["CHANGED", "f"],
  ]);
  expect(fs.readdirSync(temp.path)).toEqual(["b", "e", "f"]);
});
