import fs from "node:fs";
import { expect, test } from "vitest";
import type { Keep } from "../../../../src/tree/plan/keep.ts";
import { tempDir } from "./disk-tree.ts";
import { syncFacts } from "./fact-trees.ts";

const paths = ["dir", "dir/file", "dir/link"] as const;

/** Which paths have the time of the source. */
function timedIn(root: string): string[] {
  return paths.filter((path) => fs.lstatSync(`${root}/${path}`).mtimeMs === 1_000_000);
}

test.each<[Keep, string[]]>([
  [{}, ["dir", "dir/file", "dir/link"]],
  [{ omitDirTimes: true }, ["dir/file", "dir/link"]],
  [{ omitLinkTimes: true }, ["dir", "dir/file"]],
  [{ times: false }, []],
])("with %j the times of some are set, of new ones and of others", async (keep, timed) => {
  using temp = tempDir();
  const [from, to, old] = [`${temp.path}/from`, `${temp.path}/to`, `${temp.path}/old`];
  fs.mkdirSync(`${from}/dir`, { recursive: true });
  fs.writeFileSync(`${from}/dir/file`, "content");
  fs.symlinkSync("file", `${from}/dir/link`);
  for (const path of [...paths].reverse()) fs.lutimesSync(`${from}/${path}`, 1000, 1000);
  for (const place of [to, old]) {
    if (place === old) await syncFacts(`${from}/`, old, {});
    if (place === old) for (const path of paths) fs.lutimesSync(`${old}/${path}`, 2000, 2000);
    const { troubles } = await syncFacts(`${from}/`, place, keep);
    expect(troubles).toEqual([]);
    expect(timedIn(place)).toEqual(timed);
  }
  const { changes } = await syncFacts(`${from}/`, to, keep);
  // Without their times files are compared by content at each run.
  expect(changes).toEqual(keep.times === false ? ["changed dir/file"] : []);
});
