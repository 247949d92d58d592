import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { afterEach, beforeEach, expect, vi } from "vitest";
import * as libc from "../../../../src/tree/disk/calls/libc.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";
import { noMounting, unless } from "../../../obstacles.ts";

vi.mock(import("../../../../src/tree/disk/calls/libc.node.ts"), { spy: true });

// Without the native library two mounts of one file system cannot be told apart: no rename leads
// from one to the other.
beforeEach(() => void vi.mocked(libc.findLibc).mockReturnValue(undefined));
afterEach(() => vi.restoreAllMocks());

unless(noMounting()).test("content, holes and links arrive where no rename leads", async () => {
  using temp = tempDir();
  const [from, to, other] = ["from/bound", "to/bound", "other"].map((name) => `${temp.path}/${name}`) as [
    string,
    string,
    string,
  ];
  for (const dir of [from, to, `${other}/linked`]) fs.mkdirSync(dir, { recursive: true });
  execFileSync("mount", ["--bind", other, to]);
  try {
    fs.writeFileSync(`${from}/zeros`, new Uint8Array(100));
    fs.writeFileSync(`${from}/ends-in-zeros`, Buffer.concat([noise(1_048_576, 1), new Uint8Array(100)]));
    fs.writeFileSync(
      `${from}/hole`,
      Buffer.concat([noise(5000, 2), new Uint8Array(3_000_000), noise(5000, 3)]),
    );
    fs.symlinkSync("zeros", `${from}/linked`);
    // Node's own calls set times to the microsecond.
    for (const name of fs.readdirSync(from)) fs.lutimesSync(`${from}/${name}`, 1_000_000_000, 1_000_000_000);
    for (const dir of [from, `${temp.path}/from`]) fs.utimesSync(dir, 1_000_000_000, 1_000_000_000);
    const source = await openTreeSource(`${temp.path}/from/`);
    const { troubles } = await syncTrees(source, await openTreeTarget(`${temp.path}/to`));
    expect(troubles).toEqual([]);
    expect(describeTree(`${temp.path}/to`)).toEqual(describeTree(`${temp.path}/from`));
  } finally {
    execFileSync("umount", [to]);
  }
});

unless(noMounting()).test.each([
  ["left", { maxDeletedCount: 100 }, []],
  ["of no use, for nothing is deleted", {}, ["file", "large", "link"]],
])("kinds change where no rename leads; what is in the way is %s", async (_, options, failed) => {
  using temp = tempDir();
  const [from, to, other] = ["from/bound", "to/bound", "other"].map((name) => `${temp.path}/${name}`) as [
    string,
    string,
    string,
  ];
  for (const dir of [from, to, other]) fs.mkdirSync(dir, { recursive: true });
  execFileSync("mount", ["--bind", other, to]);
  try {
    for (const name of ["dir", "dir-of-link"]) {
      fs.mkdirSync(`${from}/${name}/deep`, { recursive: true });
      fs.writeFileSync(`${from}/${name}/deep/1`, noise(100_000, 4));
      fs.writeFileSync(`${from}/${name}/2`, noise(50, 5));
    }
    fs.writeFileSync(`${to}/dir`, "a file");
    fs.symlinkSync("dir", `${to}/dir-of-link`);
    for (const name of ["file", "large", "link"]) {
      fs.mkdirSync(`${to}/${name}`);
      fs.writeFileSync(`${to}/${name}/in-the-way`, "");
    }
    fs.writeFileSync(`${from}/file`, noise(100, 6));
    fs.writeFileSync(`${from}/large`, noise(3_000_000, 7));
    fs.symlinkSync("file", `${from}/link`);
    for (const name of fs.readdirSync(from)) fs.lutimesSync(`${from}/${name}`, 1_000_000_000, 1_000_000_000);
    const source = await openTreeSource(`${temp.path}/from/`);
    const { troubles } = await syncTrees(source, await openTreeTarget(`${temp.path}/to`, options));
    const paths = troubles.map(({ detail }) => detail.path);
    expect(paths.sort()).toEqual(failed.map((name) => `bound/${name}`));
    expect(fs.readdirSync(to).sort()).toEqual(fs.readdirSync(from).sort());
    for (const name of ["dir", "dir-of-link"]) {
      expect(fs.readdirSync(`${to}/${name}`).sort()).toEqual(["2", "deep"]);
      expect(fs.readFileSync(`${to}/${name}/deep/1`).equals(noise(100_000, 4))).toBe(true);
    }
    for (const name of failed) expect(fs.readdirSync(`${to}/${name}`)).toEqual(["in-the-way"]);
    if (failed.length > 0) return;
    expect(fs.readFileSync(`${to}/large`).equals(noise(3_000_000, 7))).toBe(true);
    expect(fs.readFileSync(`${to}/file`).equals(noise(100, 6))).toBe(true);
    expect(fs.readlinkSync(`${to}/link`)).toBe("file");
  } finally {
    execFileSync("umount", [to]);
  }
});
