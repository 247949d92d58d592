import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { SyncError } from "../../src/errors.ts";
import { rootNode } from "../../src/fuse/fuse-numbers.ts";
import type { FuseAttributes } from "../../src/fuse/fuse-replies.ts";
import type { FuseMember, FuseTree } from "../../src/fuse/fuse-tree.ts";
import { mountTree } from "../../src/fuse/mount-tree.node.ts";
import { freshFolder, type Outcome, outcomeOf, rsyncStream } from "../cli/run.ts";
import { picture, plant } from "../cli/trees.ts";
import { missing, noFuse, unless } from "../obstacles.ts";

const names: readonly string[] = ["bad", "good", "shut", "inner"];

/** What is in the directories, by their nodes; the last file cannot be reached. */
const children: Readonly<Record<number, readonly string[]>> = {
  [rootNode]: ["bad", "good", "shut"],
  [nodeOf("shut")]: ["inner"],
};

function nodeOf(name: string): number {
  return rootNode + 1 + names.indexOf(name);
}

function attributesOf(node: number): FuseAttributes {
  const isDir = node in children;
  const kind = isDir ? { mode: 0o40_755, sizeBytes: 0, linkCount: 2 } : { mode: 0o100_644, linkCount: 1 };
  return { node, uid: 0, gid: 0, mtimeSec: 2000, mtimeNsec: 0, device: 0, sizeBytes: 4, ...kind };
}

function failing(): SyncError {
  return new SyncError("IO", "the disk is broken");
}

/** A disk of which `bad` cannot be read, and `shut` cannot be listed. */
function brokenTree(): FuseTree {
  return {
    statistics: { sizeBytes: 12, entryCount: 5 },
    hasXattrs: false,
    hasAcls: false,
    attributes: async (node) => attributesOf(node),
    async lookup(parent, wanted) {
      const name = Buffer.from(wanted).toString();
      return children[parent]?.includes(name) === true ? attributesOf(nodeOf(name)) : undefined;
    },
    target: () => Promise.reject(failing()),
    async *members(node, from): AsyncGenerator<FuseMember> {
      if (node === nodeOf("shut")) throw failing();
      for (const name of children[node]!.slice(from))
        yield { name: Buffer.from(name), attributes: attributesOf(nodeOf(name)) };
    },
    xattrs: async () => [],
    async read(node, offset, size) {
      if (node === nodeOf("bad")) throw failing();
      return [Buffer.from("good").subarray(offset, offset + size)];
    },
    readAhead() {},
  };
}

/** Mounts such a disk as long as a test goes on. */
async function mountBroken(place: string): Promise<void> {
  const ending = new AbortController();
  await new Promise<void>((resolve, reject) => {
    const served = mountTree(brokenTree(), place, { signal: ending.signal, onMounted: resolve });
    served.catch(reject);
    onTestFinished(async () => {
      ending.abort();
      spawnSync("umount", ["-l", place]);
      await served.catch(() => {});
    });
  });
}

async function runRsync(args: readonly string[]): Promise<Outcome> {
  return outcomeOf(spawn("rsync", args));
}

unless(noFuse() ?? missing("rsync")).test(
  "of a disk that fails all else arrives, and only --ignore-errors deletes",
  async () => {
    const folder = freshFolder();
    const [disk, ours, theirs] = ["disk", "ours", "theirs"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    fs.mkdirSync(disk);
    plant(ours, { bad: "older", extra: "x", "gone/file": "y", "shut/inner": "old" });
    spawnSync("cp", ["-a", ours, theirs]);
    await mountBroken(disk);
    for (const options of [["--delete-after"], ["--delete-after", "--ignore-errors"]]) {
      const here = await rsyncStream(["sync", ...options, `${disk}/`, ours]);
      const there = await runRsync(["-rlpt", ...options, `${disk}/`, theirs]);
      expect([here.code, there.code], here.stderr + there.stderr).toEqual([3, 23]);
      expect(picture(ours)).toEqual(picture(theirs));
      expect(here.stderr).toMatch(/^rsync-stream: bad: .*\(IO\)$/m);
      expect(fs.existsSync(join(ours, "extra"))).toBe(options.length === 1);
    }
  },
);
