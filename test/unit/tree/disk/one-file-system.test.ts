import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect } from "vitest";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import { noMounting, unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

unless(noMounting()).test(
  "what is at the place of another file system, which is not sent, is not deleted either",
  async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(`${from}/dir/mounted`, { recursive: true });
    fs.mkdirSync(`${to}/dir/mounted/below`, { recursive: true });
    for (const kept of ["dir/mounted/1", "dir/mounted/below/2"]) fs.writeFileSync(`${to}/${kept}`, kept);
    for (const extra of ["extra", "dir/extra"]) fs.writeFileSync(`${to}/${extra}`, extra);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${from}/dir/mounted`]);
    try {
      fs.writeFileSync(`${from}/dir/mounted/3`, "not sent");
      const deleted: string[] = [];
      const onChange = ({ change, path }: TreeChange): void => {
        if (change === "deleted") deleted.push(path);
      };
      const options = { maxDeletedCount: 100, onChange };
      for (const open of [openTreePreview, openTreeTarget]) {
        const source = await openTreeSource(`${from}/`, { oneFileSystem: true });
        const { troubles } = await syncTrees(source, await open(to, options));
        expect([troubles, deleted.splice(0).sort()]).toEqual([[], ["dir/extra", "extra"]]);
      }
      expect(fs.readdirSync(to)).toEqual(["dir"]);
      expect(fs.readdirSync(`${to}/dir/mounted`).sort()).toEqual(["1", "below"]);
      expect(fs.readdirSync(`${to}/dir/mounted/below`)).toEqual(["2"]);
    } finally {
      execFileSync("umount", [`${from}/dir/mounted`]);
    }
  },
);
