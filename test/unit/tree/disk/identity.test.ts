import fs from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { keepsBirths } from "../../../../src/tree/disk/calls/disk-kind.node.ts";
import { DirNode } from "../../../../src/tree/disk/calls/dir-node.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { identityOf, isStillSame } from "../../../../src/tree/disk/calls/identity.node.ts";
import * as libc from "../../../../src/tree/disk/calls/libc.node.ts";
import { tempDir } from "./disk-tree.ts";
import { skipFor, unless } from "../../../obstacles.ts";

vi.mock(import("../../../../src/tree/disk/calls/libc.node.ts"), { spy: true });
afterEach(() => {
  vi.resetAllMocks();
});

const statx = libc.findLibc()?.statx;

/** As a FUSE program may do: of what was removed it knows nothing, though it is open. */
function forgetRemoved(): void {
  const linkCountWord = 4;
  const look: typeof statx = (fd, path, into) =>
    statx!(fd, path, into) && (path[0] !== 0 || into[linkCountWord] !== 0);
  vi.mocked(libc.findLibc).mockReturnValue({ ...libc.findLibc()!, statx: look });
}

unless(statx ? undefined : "statx(2) cannot be called here").test(
  "a directory that was removed while it was open, and is forgotten, is like no other",
  () => {
    using temp = tempDir();
    const held = new HeldDirs(temp.path);
    const dirs = Array.from({ length: 70 }, (_, i) => new DirNode(held.root, `d${i}`));
    for (const { name } of dirs) fs.mkdirSync(`${temp.path}/${name}`);
    const [removed, ...others] = dirs as [DirNode, ...DirNode[]];
    expect(held.names(removed)).toEqual([]);
    fs.rmdirSync(`${temp.path}/d0`);
    forgetRemoved();
    for (const dir of others) expect(held.names(dir)).toEqual([]); // the handle is closed for want of room
    fs.mkdirSync(`${temp.path}/d0`);
    expect(() => held.names(removed)).toThrow("something else took the place");
    held.close();
  },
);

test("a directory is the same as long as it is there, whatever happens in it", () => {
  using temp = tempDir();
  const fd = fs.openSync(temp.path, "r");
  const before = identityOf(fd);
  fs.writeFileSync(`${temp.path}/file`, "x");
  fs.chmodSync(temp.path, 0o711);
  expect(isStillSame(before, identityOf(fd), fd)).toBe(true);
  fs.closeSync(fd);
});

test("what was made at another time is another one, though it got the inode number of the one that is gone", (context) => {
  using temp = tempDir();
  const fd = fs.openSync(temp.path, "r");
  try {
    const now = identityOf(fd);
    const isKnown = now.bornUsec !== 0 && keepsBirths(fd);
    skipFor(context, isKnown ? undefined : "nothing here says when a directory was made");
    expect(Math.abs(now.bornUsec / 1000 - Date.now())).toBeLessThan(3_600_000);
    expect(isStillSame({ ...now, bornUsec: now.bornUsec - 1 }, now, fd)).toBe(false);
    expect(isStillSame({ ...now, owner: now.owner + 1 }, now, fd)).toBe(false);
  } finally {
    fs.closeSync(fd);
  }
});
