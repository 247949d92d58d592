import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, test } from "vitest";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { noise, tempDir } from "./disk-tree.ts";

test.each<[string, (place: string) => void]>([
  ["a directory", (place) => fs.mkdirSync(place)],
  ["a pipe", (place) => void execFileSync("mkfifo", [place])],
  ["a file of the same size", (place) => fs.writeFileSync(place, "outside")],
  ["a much longer file", (place) => fs.writeFileSync(place, noise(5_000_000, 1))],
])("%s in the place of a file that was listed is not read for it", async (_, replace) => {
  using temp = tempDir();
  fs.mkdirSync(`${temp.path}/from`);
  fs.writeFileSync(`${temp.path}/from/file`, "listed!");
  const source = await openTreeSource(`${temp.path}/from/`);
  const files = [];
  for await (const batch of source.entries({}))
    files.push(...batch.filter(({ entry: { kind } }) => kind === "file").map(({ file }) => file));
  fs.renameSync(`${temp.path}/from/file`, `${temp.path}/away`);
  replace(`${temp.path}/from/file`);
  const runs = [];
  for await (const step of source.cut(files, fastcdcSpec(), {})) runs.push(...step);
  await source.close();
  expect(runs).toMatchObject([
    { bytes: new Uint8Array(), end: { code: "CHANGED", detail: { path: "file" } } },
  ]);
});
