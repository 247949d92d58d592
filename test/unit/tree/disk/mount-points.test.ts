import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, it } from "vitest";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { noMounting, unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

/** What is told of entries that fail, by a preview and then by a target. */
async function troublesOf(from: string, to: string, options: TreeTargetOptions): Promise<string[][]> {
  const told: string[][] = [];
  for (const open of [openTreePreview, openTreeTarget]) {
    const source = await openTreeSource(`${from}/`, { keep: { hardLinks: true } });
    const { troubles } = await syncTrees(source, await open(to, options));
    told.push(troubles.map(({ message, detail }) => `${detail.path}: ${message}`));
  }
  return told;
}

unless(noMounting()).describe("where a file system is mounted in the destination", () => {
  const mounted = async (work: (from: string, to: string) => Promise<void>): Promise<void> => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fs.mkdirSync(`${to}/mnt`, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${to}/mnt`]);
    try {
      await work(from, to);
    } finally {
      execFileSync("umount", [`${to}/mnt`]);
    }
  };

  it.each(["file", "link"])("no %s takes its place, and what is on it stays", async (kind) => {
    await mounted(async (from, to) => {
      if (kind === "file") fs.writeFileSync(`${from}/mnt`, "new");
      else fs.symlinkSync("mnt2", `${from}/mnt`);
      fs.writeFileSync(`${to}/mnt/kept`, "old");
      const told = ["mnt: a file system is mounted here, so nothing takes the place of it"];
      expect(await troublesOf(from, to, { maxDeletedCount: 100 })).toEqual([told, told]);
      expect(fs.readFileSync(`${to}/mnt/kept`, "utf8")).toBe("old");
    });
  });

  it("a further name of a file outside it is told, and all else comes", async () => {
    await mounted(async (from, to) => {
      fs.mkdirSync(`${from}/mnt`);
      fs.writeFileSync(`${from}/mnt/a`, "1");
      for (const name of ["mnt/b", "out"]) fs.linkSync(`${from}/mnt/a`, `${from}/${name}`);
      const told = ["out: the file that it is a name of is on another file system here"];
      expect(await troublesOf(from, to, { keep: { hardLinks: true } })).toEqual([told, told]);
      expect(fs.statSync(`${to}/mnt/b`).nlink).toBe(2);
    });
  });
});
