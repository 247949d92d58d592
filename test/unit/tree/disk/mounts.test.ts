import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, test, vi } from "vitest";
import { override } from "../../../../src/bytes/override.ts";
import type { SyncError } from "../../../../src/errors.ts";
import { otherPathsTo, parseMounts, readMounts } from "../../../../src/tree/disk/facts/mounts.node.ts";
import { findFuseProcess } from "../../../../src/tree/disk/calls/fuse-process.node.ts";
import { parseNtfsOrders, parseViewOrders } from "../../../../src/tree/disk/facts/program-orders.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TargetOptions } from "../../../../src/tree/target.ts";
import { missing, noFuse, noMounting, unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

const mounts = parseMounts(
  [
    "2 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
    "22 2 7:0 / /mnt/a\\040-\\040b rw,nosuid shared:1 master:2 - fuseblk /dev/loop0 rw,blksize=4096",
    "23 2 0:50 / /mnt/card ro - vfat /dev/sdb1 rw",
    "24 2 8:1 /home/me /srv/me rw - ext4 /dev/sda1 rw",
    "25 23 0:50 /pictures /home/me/pictures rw - vfat /dev/sdb1 rw",
    "",
  ].join("\n"),
);

test("mounts are read as mountinfo has them", () => {
  expect(mounts.map(({ id, point, type }) => [id, point, type])).toEqual([
    [2, "/", "ext4"],
    [22, "/mnt/a - b", "fuseblk"],
    [23, "/mnt/card", "vfat"],
    [24, "/srv/me", "ext4"],
    [25, "/home/me/pictures", "vfat"],
  ]);
});

test.each([
  ["/home/me/a/b", ["/srv/me/a/b"]],
  ["/home/me", ["/srv/me"]],
  ["/home/meadow", []],
  ["/home", []],
  ["/srv/me/x", ["/home/me/x"]],
  ["/mnt/card/pictures/1", ["/home/me/pictures/1"]],
  ["/mnt/card", []],
  ["/home/me/pictures", ["/mnt/card/pictures"]],
])("the other paths to %s", (path, others) => {
  expect(otherPathsTo(path, mounts)).toEqual(others);
});

// Each is a part of the source, and where in the destination it is mounted.
const parts: readonly [part: string, at: string][] = [
  ["sub", "src/sub"],
  ["f", "src/f"],
  ["sub/deep", "src/other"],
  ["sub", "."],
];

unless(noMounting()).test.each(parts)(
  "%s of a source, mounted at %s, is refused where that is removed",
  async (part, at) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/src`, `${temp.path}/dst`];
    fs.mkdirSync(`${from}/sub/deep`, { recursive: true });
    fs.mkdirSync(`${from}/other`);
    fs.mkdirSync(`${to}/src/sub/deep`, { recursive: true });
    fs.mkdirSync(`${to}/src/other`);
    for (const name of ["f", "sub/g", "sub/deep/h", "other/h"]) fs.writeFileSync(`${from}/${name}`, "1");
    fs.writeFileSync(`${to}/src/f`, "");
    execFileSync("mount", ["--bind", `${from}/${part}`, `${to}/${at}`]);
    try {
      const source = await openTreeSource(from, { removesSourceFiles: true });
      const run = async (): Promise<readonly SyncError[]> => {
        const target = await openTreeTarget(`${to}/`);
        const open = (options: TargetOptions) => target.open({ ...options, removedSource: source.removes });
        return (await syncTrees(source, override(target, { open }))).troubles;
      };
      const troubles = await run().catch((thrown: unknown) => [thrown]);
      expect(troubles).toEqual([expect.objectContaining({ code: "USAGE" })]);
    } finally {
      execFileSync("umount", [`${to}/${at}`]);
    }
  },
);

test.each([
  [["a", "b"], "nothing"],
  [["-o", "rw,force-user=33,dev", "a", "b"], "users"],
  [["-ochgrp-deny,ro", "a", "b"], "groups"],
  [["-u33", "-g", "44", "a", "b"], "users and groups"],
  [["a", "b", "--chmod-ignore", "--perms=a+r"], "modes, shows modes"],
  [["-o", "perms=0644:a+X", "a", "b"], "modes, shows modes"],
  [["-p", "u+r,a=rX", "a", "b"], "modes, shows modes"],
  [["--perms=u=rwX:g-w", "a", "b"], "shows modes"],
  [["--create-for-user=5", "--chown-normal", "a", "force-user"], "nothing"],
])("what bindfs %j is told not to change: %s", (args, expected) => {
  expect(parseViewOrders(args)).toEqual({
    lacksModes: /(?<!shows )modes/.test(expected),
    lacksUsers: expected.includes("users"),
    lacksGroups: expected.includes("groups"),
    showsModes: expected.includes("shows modes"),
  });
});

test.each([
  [["image", "at"], true],
  [["-o", "rw,uid=5", "image", "at"], true],
  [["-orw,permissions", "image", "at"], false],
  [["image", "at", "-o", "usermapping=map"], false],
])("ntfs-3g %j keeps neither modes nor owners: %s", (args, expected) => {
  expect(parseNtfsOrders(args)).toEqual({
    lacksModes: expected,
    lacksUsers: expected,
    lacksGroups: expected,
    showsModes: false,
  });
});

unless(noFuse() ?? missing("bindfs")).test(
  "of two views of one directory that have one name each has the process that serves it, or none",
  () => {
    using temp = tempDir();
    const [seen, one, other] = ["seen", "1/to", "2/to"].map((path) => `${temp.path}/${path}`) as [
      string,
      string,
      string,
    ];
    for (const dir of [seen, one, other]) fs.mkdirSync(dir, { recursive: true });
    const argsOf = (point: string) =>
      findFuseProcess(
        readMounts().find((each) => each.point === point)!,
        new Set(["bindfs"]),
      )?.args;
    execFileSync("bindfs", ["--chown-deny", seen, one]);
    try {
      expect(argsOf(one)).toContain("--chown-deny");
      execFileSync("bindfs", ["--chmod-deny", seen, other]);
      try {
        const found = [argsOf(one), argsOf(other)].map((args) => args?.[0]);
        expect([
          [undefined, undefined],
          ["--chown-deny", "--chmod-deny"],
        ]).toContainEqual(found);
        const read = fs.readdirSync;
        vi.spyOn(fs, "readdirSync").mockImplementation(((path: string) => {
          if (path.endsWith("/fdinfo")) throw new Error("an old kernel");
          return read(path);
        }) as typeof read);
        expect([argsOf(one), argsOf(other)]).toEqual([undefined, undefined]);
      } finally {
        vi.restoreAllMocks();
        execFileSync("umount", [other]);
      }
    } finally {
      execFileSync("umount", [one]);
    }
  },
);
