import { execFileSync } from "node:child_process";
import { lchownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { missing, notRoot, unless } from "../obstacles.ts";
import { rsyncSees } from "../unit/tree/disk/fact-trees.ts";
import { builtCli } from "../built.ts";
import { freshFolder, rsyncStream } from "./run.ts";

const { test } = unless(notRoot ?? missing("rsync", "setfattr", "setfacl"));

/** A tree with all facts that are kept, and a program that stands for a remote shell. */
function plant(): { readonly work: string; readonly shell: readonly string[] } {
  const work = freshFolder();
  writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
  const from = join(work, "from");
  mkdirSync(join(from, "dir"), { recursive: true });
  writeFileSync(join(from, "dir/file"), "content");
  symlinkSync("file", join(from, "dir/link"));
  for (const path of ["", "dir", "dir/file", "dir/link"]) lchownSync(join(from, path), 70_001, 80_001);
  execFileSync("chmod", ["4755", join(from, "dir/file")]);
  execFileSync("mknod", [join(from, "dir/null"), "c", "1", "3"]);
  execFileSync("mkfifo", [join(from, "dir/pipe")]);
  linkSync(join(from, "dir/file"), join(from, "other"));
  execFileSync("setfattr", ["-n", "user.a", "-v", "1", join(from, "dir/file")]);
  execFileSync("setfacl", ["-m", "u:70003:rx", join(from, "dir/file")]);
  return {
    work,
    shell: ["-e", `sh ${join(work, "shell")}`, "--remote-path", `${process.execPath} ${builtCli()}`],
  };
}

const facts = ["-aHAXU"];

test("push and pull keep what is asked for, at both ends of a remote shell", async () => {
  const { work, shell } = plant();
  const at = (name: string): string => join(work, name);
  const sent = await rsyncStream(["push", ...facts, ...shell, `${at("from")}/`, `host:${at("pushed")}`]);
  expect(sent).toMatchObject({ code: 0 });
  expect(rsyncSees(facts, at("from"), at("pushed"))).toEqual([]);
  expect(await rsyncStream(["pull", ...facts, ...shell, `host:${at("from")}/`, at("pulled")])).toMatchObject({
    code: 0,
  });
  expect(rsyncSees(facts, at("from"), at("pulled"))).toEqual([]);
});

test("a stream carries what both of its commands keep", async () => {
  const { work } = plant();
  const at = (name: string): string => join(work, name);
  const { code, stdout } = await rsyncStream(["send", ...facts, `${at("from")}/`]);
  expect(code).toBe(0);
  expect(await rsyncStream(["recv", ...facts, at("all")], stdout)).toMatchObject({ code: 0 });
  expect(rsyncSees(facts, at("from"), at("all"))).toEqual([]);
  // What nobody asked for here is told, as rsync does.
  const plain = await rsyncStream(["recv", at("plain")], stdout);
  expect(plain.code).toBe(0);
  expect(plain.stderr).toMatch(
    /dir\/null: skipping non-regular file[^]*dir\/pipe: skipping.*\n.* 2 skipped,/,
  );
  expect(rsyncSees(["-rlt"], at("from"), at("plain")).filter((line) => !line.includes("skipping"))).toEqual(
    [],
  );
  expect(rsyncSees(facts, at("from"), at("plain")).length).toBeGreaterThan(0);
});
