import fs from "node:fs";
import { expect, test } from "vitest";
import { placeAtPath } from "../../../../src/tree/disk/calls/fact-place.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { formatFakeStat, parseFakeStat, seeFakes } from "../../../../src/tree/disk/facts/fake-stat.node.ts";
import { findXattrCalls } from "../../../../src/tree/disk/facts/xattr-calls.node.ts";
import { unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";

const stats = [
  ["100644 0,0 0:0", { kind: "file", mode: 0o644, rdev: undefined, owner: 0, group: 0 }],
  ["104755 0,0 70001:5", { kind: "file", mode: 0o4755, rdev: undefined, owner: 70_001, group: 5 }],
  ["20666 1,3 0:0", { kind: "charDevice", mode: 0o666, rdev: { major: 1, minor: 3 }, owner: 0, group: 0 }],
  ["120777 0,0 1:2", { kind: "symlink", mode: 0o777, rdev: undefined, owner: 1, group: 2 }],
] as const;

test.each(stats)("%s is read and written", (text, stat) => {
  expect(parseFakeStat(text)).toEqual(stat);
  expect(formatFakeStat(stat)).toBe(text);
});

test.each([
  "",
  "644",
  "100644 0,0",
  "100644 0,0 0:0 ",
  "-100644 0,0 0:0",
  "100648 0,0 0:0",
  "1006440 0,0 0:0",
  "170644 0,0 0:0",
  "100644 0,0 4294967296:0",
  "20666 99999999999,0 0:0",
  "100644 0,0 0:-1",
])("%j is none", (text) => {
  expect(parseFakeStat(text)).toBeUndefined();
});

const calls = findXattrCalls();

unless(calls ? undefined : "there are no extended attributes").test(
  "a directory stands for nothing but a directory, and a file for none",
  () => {
    using temp = tempDir();
    fs.mkdirSync(`${temp.path}/dir`);
    fs.writeFileSync(`${temp.path}/file`, "");
    const seenAs = (name: string, text: string) => {
      calls!.set(placeAtPath(`${temp.path}/${name}`), "user.rsync.%stat", Buffer.from(text));
      const held = new HeldDirs(temp.path);
      seeFakes(held, "receiver", { fakeSuper: "receiver" });
      const { kind, mode } = held.look(held.root, name)!;
      held.close();
      return { kind, mode };
    };
    expect(seenAs("dir", "41777 0,0 1:1")).toEqual({ kind: "dir", mode: 0o1777 });
    expect(seenAs("file", "10600 0,0 1:1")).toEqual({ kind: "fifo", mode: 0o600 });
    for (const text of ["100600 0,0 1:1", "120777 0,0 1:1"]) expect(seenAs("dir", text).kind).toBe("dir");
    expect(seenAs("file", "40700 0,0 1:1").kind).toBe("file");
  },
);
