import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freshFolder, homeless, runShell } from "./run.ts";
import { picture, plant } from "./trees.ts";

/** Bytes before kept code, at most: a digest, and what the engine puts in front. */
const headBytes = 128;

it("keeps its compiled code, and starts with it next time", async () => {
  const folder = freshFolder();
  plant(folder, { "tree/file": "content" });
  const line = `XDG_CACHE_HOME=$1/cache \${RS/ / --profile-deserialization } sync $1/tree/ $1/copy`;
  const kept = join(folder, "cache", "rsync-stream");

  expect((await runShell(line, folder)).code).toBe(0);
  expect(readdirSync(kept).sort()).toEqual(
    ["main", "receiver", "sender", "session", "start", "transfer"].map((name) => `${name}.cjs.code`),
  );
  rmSync(join(folder, "copy"), { recursive: true });
  const { code, stdout } = await runShell(line, folder);
  expect(code).toBe(0);
  expect(picture(join(folder, "copy"))).toEqual(picture(join(folder, "tree")));
  // These two are loaded before anything can change how the engine is set.
  const taken = [...stdout.toString().matchAll(/Deserializing from (\d+) bytes/g)].map(([, size]) =>
    Number(size),
  );
  for (const name of ["main", "start"]) {
    const size = statSync(join(kept, `${name}.cjs.code`)).size;
    expect(
      taken.some((one) => one < size && one > size - headBytes),
      `${name}: ${size}`,
    ).toBe(true);
  }
});

it.each([
  [
    "when Node.js is told to keep none",
    "NODE_DISABLE_COMPILE_CACHE=1 XDG_CACHE_HOME=$1/cache $RS sync $1/tree/ $1/copy",
    0,
  ],
  ["when a session fails", "XDG_CACHE_HOME=$1/cache $RS recv $1/copy </dev/null", 1],
  ["without a session", "XDG_CACHE_HOME=$1/cache $RS --version", 0],
  ["of help, which loads what sessions need", "XDG_CACHE_HOME=$1/cache $RS serve --help", 0],
  ["of the manual", "XDG_CACHE_HOME=$1/cache $RS man", 0],
])("keeps none %s", async (_, line, expected) => {
  const folder = freshFolder();
  plant(folder, { "tree/file": "content" });
  const { code, stderr } = await runShell(line, folder);
  expect(code, stderr).toBe(expected);
  expect(readdirSync(folder)).not.toContain("cache");
});

it("starts where there is no home to keep it in", async () => {
  const folder = freshFolder();
  plant(folder, { "homeless.cjs": homeless });
  const { code, stderr } = await runShell("XDG_CACHE_HOME= ${RS/ / -r $1/homeless.cjs } --version", folder);
  expect(code, stderr).toBe(0);
});
