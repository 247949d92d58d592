import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { transfer } from "../../../../src/transfer/transfer.node.ts";
import { findLibc } from "../../../../src/tree/disk/calls/libc.node.ts";
import { notRoot, unless } from "../../../obstacles.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "rsync-stream-flags-"));

/** Sets a flag, or takes it away. Returns false where there are none. */
function chattr(change: string, path: string): boolean {
  return spawnSync("chattr", [change, path]).status === 0;
}

const canFlag = chattr("+i", folder) && chattr("-i", folder);
const obstacle = notRoot ?? (canFlag && findLibc()?.statx ? undefined : "files have no flags here");
if (obstacle !== undefined) fs.rmSync(folder, { recursive: true });

unless(obstacle).test("a flag that keeps a file from being changed is told", async () => {
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  const flagged = [
    ["+i", join(to, "fixed")],
    ["+a", join(to, "log")],
    ["+i", join(to, "dir")],
  ] as const;
  for (const root of [from, to]) {
    fs.mkdirSync(join(root, "dir"), { recursive: true });
    for (const name of ["fixed", "log", "free"]) fs.writeFileSync(join(root, name), root);
  }
  fs.writeFileSync(join(from, "dir", "new"), "");
  onTestFinished(() => {
    for (const [change, path] of flagged) chattr(change.replace("+", "-"), path);
    fs.rmSync(folder, { recursive: true });
  });
  for (const [change, path] of flagged) expect(chattr(change, path)).toBe(true);
  const told = new Map<string, string>();
  await transfer(`${from}/`, to, {
    onTrouble: ({ message, detail }) => void told.set(String(detail.path), message),
  });
  expect(told.get("fixed")).toMatch(/^EPERM: .*; it is immutable \(chattr \+i\)$/);
  expect(told.get("log")).toMatch(/^EPERM: .*; it is append-only \(chattr \+a\)$/);
  expect(told.get("dir/new")).toMatch(/^EPERM: .*; the directory is immutable \(chattr \+i\)$/);
  expect(fs.readFileSync(join(to, "free"), "utf8")).toBe(from);
});
