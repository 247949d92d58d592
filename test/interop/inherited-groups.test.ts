import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect } from "vitest";
import { plainKeep } from "../../src/tree/plan/keep.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { noise, tempDir } from "../unit/tree/disk/disk-tree.ts";
import { syncTrees } from "../unit/tree/disk/sync-trees.ts";

const shared = 4321;

/** Files, directories and others, new and in the place of what is there. */
function fillSource(root: string): void {
  for (const dir of ["shared/new/deep", "shared/over", "plain", "new"])
    fs.mkdirSync(`${root}/${dir}`, { recursive: true });
  for (const file of [
    "top",
    "shared/old",
    "shared/new/a",
    "shared/new/deep/b",
    "shared/over/c",
    "plain/d",
    "new/e",
  ])
    fs.writeFileSync(`${root}/${file}`, file);
  fs.writeFileSync(`${root}/shared/large`, noise(300_000, 3));
  fs.symlinkSync("old", `${root}/shared/link`);
  execFileSync("mkfifo", [`${root}/shared/fifo`]);
  execFileSync("mknod", [`${root}/shared/null`, "c", "1", "3"]);
}

/** A directory with the setgid bit in one that has it not, or hands on another group. */
function fillTarget(root: string, isRootShared: boolean): void {
  for (const dir of ["shared", "plain"]) fs.mkdirSync(`${root}/${dir}`, { recursive: true });
  for (const file of ["shared/old", "shared/over", "shared/stays"])
    fs.writeFileSync(`${root}/${file}`, "old one");
  const share = (path: string, group: number): void => {
    fs.chownSync(path, 0, group);
    fs.chmodSync(path, 0o2755);
  };
  share(`${root}/shared`, shared);
  if (isRootShared) share(root, 99);
}

/** Mode and group of each path. */
function groupsOf(root: string): string[] {
  const text = execFileSync("find", [root, "-printf", "%M %G %P\n"], { encoding: "utf8" });
  return text.trimEnd().split("\n").sort();
}

unless(notRoot ?? missing("rsync", "mkfifo", "mknod")).test.for([
  { isRootShared: false, inPlace: false },
  { isRootShared: true, inPlace: false },
  { isRootShared: false, inPlace: true },
])(
  "where no group is asked for, directories hand theirs on as with rsync: %j",
  async ({ isRootShared, inPlace }) => {
    using temp = tempDir();
    const at = (name: string): string => `${temp.path}/${name}`;
    fillSource(at("from"));
    for (const name of ["theirs", "ours", "by way of another"]) fillTarget(at(name), isRootShared);
    const options = ["-rlt", "--specials", "--devices", "--force", ...(inPlace ? ["--inplace"] : [])];
    execFileSync("rsync", [...options, `${at("from")}/`, at("theirs")]);
    const keep = { ...plainKeep, perms: false, devices: true, specials: true };
    const sync = async (to: string, more: object = {}): Promise<void> => {
      const source = await openTreeSource(`${at("from")}/`, { keep });
      const target = await openTreeTarget(at(to), { keep, inPlace, ...more });
      expect((await syncTrees(source, target)).troubles).toEqual([]);
    };
    await sync("ours");
    expect(groupsOf(at("ours"))).toEqual(groupsOf(at("theirs")));
    if (inPlace) return;
    fs.mkdirSync(at("temp"));
    fs.chownSync(at("temp"), 0, 77);
    fs.chmodSync(at("temp"), 0o2755);
    await sync("by way of another", { tempDir: at("temp") });
    expect(groupsOf(at("by way of another"))).toEqual(groupsOf(at("theirs")));
  },
);

unless(notRoot ?? missing("rsync")).test.for([
  { root: 0o2755, dir: 0o2755, over: 0o2755 },
  { root: 0o755, dir: 0o2755, over: 0o755 },
  { root: 0o2755, dir: 0o755, over: 0o2775 },
  { root: 0o755, dir: 0o755, over: 0o755 },
])(
  "where bits of modes are asked for, directories begin or end to hand on before they are filled: %j",
  async ({ root, dir, over }) => {
    using temp = tempDir();
    const at = (name: string): string => `${temp.path}/${name}`;
    const paths = ["bit", "bit/new", "none", "none/new", "over"];
    for (const path of paths) fs.mkdirSync(`${at("from")}/${path}`, { recursive: true });
    for (const path of [".", ...paths]) fs.writeFileSync(`${at("from")}/${path}/file`, path);
    fs.symlinkSync("file", `${at("from")}/over/link`);
    const modes = {
      ".": 0o755,
      bit: 0o2755,
      "bit/new": 0o755,
      none: 0o750,
      "none/new": 0o2770,
      over: 0o2755,
    };
    for (const from of [modes, { ...modes, ".": 0o2775, over: 0o755 }]) {
      for (const [path, mode] of Object.entries(from)) fs.chmodSync(`${at("from")}/${path}`, mode);
      for (const name of ["theirs", "ours"]) {
        fs.rmSync(at(name), { recursive: true, force: true });
        for (const path of ["", "none", "over"]) fs.mkdirSync(`${at(name)}/${path}`, { recursive: true });
        for (const [path, mode] of [
          ["", root],
          ["none", dir],
          ["over", over],
        ] as const) {
          fs.chownSync(`${at(name)}/${path}`, 0, shared);
          fs.chmodSync(`${at(name)}/${path}`, mode);
        }
        if (root === dir) fs.rmSync(`${at(name)}/none`, { recursive: true });
        if (root === over) fs.rmSync(`${at(name)}/over`, { recursive: true });
        if (root === over && root === dir) fs.writeFileSync(`${at(name)}/over`, "a file");
      }
      execFileSync("rsync", ["-rlpt", `${at("from")}/`, at("theirs")]);
      const keep = { ...plainKeep, specialBits: true };
      const source = await openTreeSource(`${at("from")}/`, { keep });
      const target = await openTreeTarget(at("ours"), { keep });
      expect((await syncTrees(source, target)).troubles).toEqual([]);
      expect(groupsOf(at("ours"))).toEqual(groupsOf(at("theirs")));
    }
  },
);

unless(notRoot).test(
  "nothing is said of a group that a directory hands on and this user may not give",
  async () => {
    using temp = tempDir();
    const at = (name: string): string => `${temp.path}/${name}`;
    for (const name of ["from", "to", "temp"]) fs.mkdirSync(at(name));
    fs.writeFileSync(`${at("from")}/file`, "new");
    const [user, group] = [65_534, 65_533];
    for (const name of ["to", "temp"]) fs.chownSync(at(name), user, name === "to" ? shared : group);
    fs.chmodSync(at("to"), 0o2755);
    for (const name of [temp.path, at("from")]) fs.chmodSync(name, 0o755);
    const unkept: string[] = [];
    process.setegid!(group);
    process.seteuid!(user);
    try {
      const source = await openTreeSource(`${at("from")}/`);
      const onUnkept = (what: string): void => void unkept.push(what);
      const target = await openTreeTarget(at("to"), { tempDir: at("temp"), onUnkept });
      expect((await syncTrees(source, target)).troubles).toEqual([]);
    } finally {
      process.seteuid!(0);
      process.setegid!(0);
    }
    expect(unkept).toEqual([]);
    expect(fs.readFileSync(`${at("to")}/file`, "utf8")).toBe("new");
  },
);
