import { existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listening } from "./listening.ts";
import { freshFolder, rsyncStream } from "./run.ts";

const mebibyte = 1_048_576;

test("a file that changed keeps no other one of the same part from being sent", async () => {
  const folder = freshFolder();
  const at = (name: string) => join(folder, name);
  mkdirSync(at("tree"));
  mkdirSync(at("root"));
  for (const name of ["a", "b"]) {
    writeFileSync(at(`tree/${name}`), "");
    truncateSync(at(`tree/${name}`), 40 * mebibyte);
  }
  const index = at("tree.index");
  expect(await rsyncStream(["index", "tree", at("tree"), "-o", index, "--digest", "none"])).toMatchObject({
    code: 0,
  });
  truncateSync(at("tree/a"), 20 * mebibyte);
  const server = await listening("serve", at("root"));
  const push = async (part: string) => {
    const args = ["push", `${at("tree")}/`, server.url, "--json", "--index", index, "--part", part];
    const { code, stdout } = await rsyncStream(args);
    return [code, stdout.toString().split('"event":"summary"').length - 1];
  };
  // The second part has the end of one and the start of the other.
  expect(await push("2/3")).toEqual([3, 1]);
  expect(await push("1/3")).toEqual([3, 1]);
  expect(await push("3/3")).toEqual([0, 1]);
  await server.stop();
  expect([existsSync(at("root/a")), existsSync(at("root/b"))]).toEqual([false, true]);
});
