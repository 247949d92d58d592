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

test("a file that waits for other hosts is told as one that is not complete yet", async () => {
  const folder = freshFolder();
  const at = (name: string) => join(folder, name);
  mkdirSync(at("tree/d"), { recursive: true });
  mkdirSync(at("root"));
  writeFileSync(at("tree/d/\u00e9"), "");
  truncateSync(at("tree/d/\u00e9"), 40 * mebibyte);
  const server = await listening("serve", at("root"));
  const push = async (...args: string[]) => {
    const { code, stdout, stderr } = await rsyncStream(["push", `${at("tree")}/`, server.url, ...args]);
    expect(code, stderr).toBe(0);
    return `${stdout.toString()}${stderr}`;
  };
  const text = await push("--part", "2/4");
  expect(text).toContain(
    "d/\u00e9 is not complete yet: 10.5 MB of 41.9 MB are there, other parts bring the rest",
  );
  expect(text).toContain("31.5 MB to come from others");
  const events = async (part: string) => {
    const lines = (await push("--part", part, "--json")).trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const [presentBytes, fileBytes] = [20 * mebibyte, 40 * mebibyte];
  const fourth = await events("4/4");
  expect(fourth).toContainEqual(
    expect.objectContaining({ event: "notice", path: "d/\u00e9", presentBytes, fileBytes }),
  );
  expect(fourth.at(-1)).toMatchObject({ event: "summary", missingBytes: fileBytes - presentBytes });
  await push("--part", "1/4");
  const last = await events("3/4");
  expect(last.map(({ event }) => event)).not.toContain("notice");
  expect(last.at(-1)).not.toHaveProperty("missingBytes");
  await server.stop();
  expect(existsSync(at("root/d/\u00e9"))).toBe(true);
});
