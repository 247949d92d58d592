import fs from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { lookAtHandle } from "../../../../src/tree/disk/calls/look-at.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { setMode } from "../../../../src/tree/disk/facts/metadata.node.ts";
import { standingAt } from "../../../../src/tree/disk/target/standing.node.ts";
import type { Entry } from "../../../../src/tree/entry/entry.ts";
import { tempDir } from "./disk-tree.ts";

test.each([
  ["file", (path: string): void => fs.writeFileSync(path, "")],
  ["directory", (path: string): void => void fs.mkdirSync(path)],
])("the mode of a %s that took the place of what was looked at is not set", (_, make) => {
  using temp = tempDir();
  const path = `${temp.path}/it`;
  make(path);
  const fd = fs.openSync(path, "r");
  onTestFinished(() => fs.closeSync(fd)); // while it is open nothing else has its inode
  const there = lookAtHandle(fd);
  fs.renameSync(path, `${path}.away`);
  make(path);
  fs.chmodSync(path, 0o700);
  expect(() => setMode(path, there, 0o777)).toThrow(expect.objectContaining({ code: "CHANGED" }));
  expect(fs.statSync(path).mode & 0o777).toBe(0o700);
  setMode(`${path}.away`, there, 0o711);
  expect(fs.statSync(`${path}.away`).mode & 0o777).toBe(0o711);
});

test("a directory that becomes a link when it was looked at is not listed through that", () => {
  using temp = tempDir();
  fs.mkdirSync(`${temp.path}/outside`);
  fs.mkdirSync(`${temp.path}/to/it`, { recursive: true });
  const held = new HeldDirs(`${temp.path}/to`);
  onTestFinished(() => held.close());
  const { look } = held;
  vi.spyOn(held, "look").mockImplementation((dir, name) => {
    const stats = look.call(held, dir, name);
    fs.rmdirSync(`${temp.path}/to/it`);
    fs.symlinkSync(`${temp.path}/outside`, `${temp.path}/to/it`);
    return stats;
  });
  expect(() => standingAt(held, held.root, "it", { kind: "file" } as Entry)).toThrow();
});
