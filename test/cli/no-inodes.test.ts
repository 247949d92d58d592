import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { noMounting, unless } from "../obstacles.ts";
import { freshFolder, rsyncStream } from "./run.ts";

/** Lines that make something in a directory, `DISK`, in which nothing can be made. */
const lines: readonly string[] = [
  "sync DIR/tree DISK/ -v",
  "sync DIR/tree/ DISK/new/dir --mkpath -v",
  "bucket sync DIR/tree DISK --state DIR/1.db -v",
  "bucket sync DIR/tree DISK/new --create --state DIR/2.db -v",
  "bucket sync DIR/tree DIR/other --create --state DISK/state.db -v",
  "bucket push DIR/tree DISK",
  "index untar DIR/t.catar DISK",
  "index extract DIR/a.caibx DISK/a -s DIR/s",
  "index make DISK/a.caibx DIR/tree/a",
  "index cache DISK/s DIR/a.caibx -s DIR/s",
  "store sync DIR/s DISK",
];

unless(noMounting()).test("a disk without inodes is told with the names that were given", async () => {
  const folder = freshFolder();
  const at = (name: string): string => join(folder, name);
  for (const name of ["tree", "disk"]) mkdirSync(at(name));
  writeFileSync(at("tree/a"), "content");
  const made = [
    ["index", "make", at("a.caibx"), at("tree/a"), "-s", at("s")],
    ["index", "tar", at("t.catar"), at("tree")],
  ];
  for (const words of made) expect((await rsyncStream(words)).code).toBe(0);
  execFileSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", at("disk")]);
  try {
    const told = lines.map(async (line) => {
      const words = line.replaceAll("DISK", at("disk")).replaceAll("DIR", folder).split(" ");
      const { stderr } = await rsyncStream(words);
      return [line, stderr.includes("(NO_SPACE)"), stderr.match(/.*\/proc\/.*/g)];
    });
    expect(await Promise.all(told)).toEqual(lines.map((line) => [line, true, null]));
  } finally {
    execFileSync("umount", [at("disk")]);
  }
});
