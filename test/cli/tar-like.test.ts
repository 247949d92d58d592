import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listening } from "./listening.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { noise, plant } from "./trees.ts";

test("both ends that stand in for those of tar-like", async () => {
  const folder = freshFolder();
  const [tree, root] = [join(folder, "tree"), join(folder, "root")];
  plant(tree, { "a/b": noise(30_000, "b"), c: noise(100, "c"), b0: "" });
  plant(root, { "a/b": noise(40_000, "older") });
  const server = await listening("tar-like", "receive", root, "--state", join(folder, "state"));
  expect(server.lines.join()).toContain("may send files");
  const send = (...args: string[]) =>
    rsyncStream(["tar-like", "send", tree, `${server.url}tar`, "-s", "10000", ...args]);
  const { code, stderr } = await send("--state", join(folder, "sent"));
  expect([code, stderr]).toEqual([0, expect.stringContaining("1 empty file begins at a block") as string]);
  for (const name of ["a/b", "b0", "c"])
    expect(readFileSync(join(root, name)).equals(readFileSync(join(tree, name))), name).toBe(true);
  await expect.poll(() => server.lines.join()).toContain("archive 0: all files are in place");
  plant(tree, { c: noise(100, "new") });
  await rsyncStream(["index", "tree", tree, "-o", join(folder, "table"), "--format", "tar-like"]);
  plant(tree, { c: "short" });
  const again = await send("--index", join(folder, "table"));
  expect([again.code, again.stderr]).toEqual([
    3,
    expect.stringContaining("not what the table tells") as string,
  ]);
  expect(await server.stop()).toBe(0);
  expect(readFileSync(join(root, "b0"), "utf8")).toBe("");
});

test("says what it needs", async () => {
  const folder = freshFolder();
  const run = async (...args: string[]) => (await rsyncStream(["tar-like", ...args])).stderr;
  expect(await run("send", folder, "http://h/tar", "-f", "2", "-l", "1")).toContain("in front of");
  expect(await run("send", folder, "host:x")).toContain('not a URL of http: or https: "host:x/0/db"');
  expect(await run("receive", folder)).toContain("--state FILE is needed");
  expect(await run("receive", folder, "--state", "s", "--prefix", "x")).toContain("--prefix takes a path");
  expect(await run("receive", join(folder, "none"), "--state", "s")).toContain("none: no such directory");
});
