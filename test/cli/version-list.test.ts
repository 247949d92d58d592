import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshFolder, rsyncStream } from "./run.ts";

const list = (...args: readonly string[]) => rsyncStream(["bucket", "list", ...args]);

test("versions are listed for people and for programs", async () => {
  const folder = freshFolder();
  const [tree, store] = [join(folder, "photos"), join(folder, "store")];
  for (const dir of [tree, store]) mkdirSync(dir);
  writeFileSync(join(tree, "one"), "1");
  expect(await rsyncStream(["bucket", "push", tree, store])).toMatchObject({ code: 0 });
  const { code, stdout, stderr } = await list(store);
  expect([code, stdout.toString(), stderr]).toEqual([
    0,
    expect.stringMatching(/^\d{8}T\d{9}Z tree photos\n$/),
    "",
  ]);
  const version = stdout.toString().split(" ")[0]!;
  const told = await list(store, "photos", "--json");
  expect([told.code, JSON.parse(told.stdout.toString())]).toEqual([
    0,
    {
      event: "version",
      name: "photos",
      version,
      kind: "tree",
      key: `versions/photos/${version}.caidx`,
      elapsedMs: expect.any(Number),
    },
  ]);
});

test("where there is no version that is told", async () => {
  const store = freshFolder();
  const outcomes = [await list(store), await list(store, "photos")];
  expect(outcomes.map(({ code, stdout, stderr }) => [code, stdout.toString(), stderr])).toEqual([
    [0, "", `rsync-stream: there is no version at ${store}\n`],
    [0, "", `rsync-stream: there is no version of "photos" at ${store}\n`],
  ]);
  const told = await list(store, "--json");
  expect(JSON.parse(told.stdout.toString())).toMatchObject({
    event: "notice",
    message: `there is no version at ${store}`,
  });
});
