import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { plant } from "./trees.ts";

function plantOne() {
  const work = freshFolder();
  plant(join(work, "tree"), { a: "alpha", "d/b": "beta" });
  writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
  const far = ["-q", "--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${join(work, "shell")}`];
  return { tree: join(work, "tree"), to: join(work, "snaps"), far };
}

it.each(["push", "pull", "sync"])("%s --snapshot makes one at each run, and keeps some", async (command) => {
  const { tree, to, far } = plantOne();
  const places = { push: [`${tree}/`, `h:${to}`], pull: [`h:${tree}/`, to], sync: [`${tree}/`, to] }[
    command
  ]!;
  for (const content of ["1", "2", "3"]) {
    writeFileSync(join(tree, "a"), content);
    const { code, stderr } = await rsyncStream([command, "--snapshot", "--retain=2", ...far, ...places]);
    expect(code, stderr).toBe(0);
  }
  const names = readdirSync(to).filter((name) => name !== "latest");
  expect(names.map((name) => readFileSync(join(to, name, "a"), "latin1"))).toEqual(["2", "3"]);
  expect(readFileSync(join(to, "latest", "d", "b"), "latin1")).toBe("beta");
});

it.each([
  [["--retain=2"], "--retain is for --snapshot"],
  [["--snapshot", "--delete"], "--delete makes no sense"],
  [["--snapshot", "--retain=often"], "daily:7"],
])("%j is refused", async (options, reason) => {
  const { tree, to } = plantOne();
  const { code, stderr } = await rsyncStream(["sync", ...options, tree, to]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
});
