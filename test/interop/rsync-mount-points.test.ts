import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { freshFolder } from "../cli/run.ts";
import { picture, plant } from "../cli/trees.ts";
import { missing, noMounting, unless } from "../obstacles.ts";
import { runSync } from "./run-sync.ts";

const ways = [[], ["-x"], ["-xx"], ["--one-file-system", "--one-file-system"]] as const;

unless(noMounting() ?? missing("rsync")).test(
  "what is mounted in a source is sent, emptied or left out as rsync does it, and deleted so",
  async () => {
    const base = freshFolder();
    const [from, before] = [join(base, "from"), join(base, "before")];
    plant(from, { a: "a", "dir/b": "b", "dir/on/hidden": "hidden" });
    plant(before, { extra: "extra", "dir/on/kept": "kept", "dir/on/below/kept": "kept" });
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(from, "dir/on")]);
    try {
      plant(join(from, "dir/on"), { c: "c", "sub/d": "d" });
      // rsync leaves the time of a directory that has the same second.
      execFileSync("find", [from, "-exec", "touch", "-d", "@1000000000", "{}", "+"]);
      for (const words of ways) {
        const [ours, theirs] = [join(base, "ours"), join(base, "theirs")];
        for (const to of [ours, theirs]) execFileSync("cp", ["-a", before, to]);
        expect(await runSync(["-p", ...words, "--delete", `${from}/`, ours])).toBe(true);
        execFileSync("rsync", ["-rlpt", ...words, "--delete", `${from}/`, `${theirs}/`]);
        // rsync leaves the time of a directory alone that something is mounted at.
        for (const to of [ours, theirs])
          if (fs.existsSync(join(to, "dir/on"))) fs.utimesSync(join(to, "dir/on"), 9, 9);
        expect(picture(ours), words.join(" ")).toEqual(picture(theirs));
        for (const to of [ours, theirs]) fs.rmSync(to, { recursive: true });
      }
    } finally {
      execFileSync("umount", [join(from, "dir/on")]);
    }
  },
);
