import fs from "node:fs";
import { expect, test } from "vitest";
import { keepsBirths } from "../../../../src/tree/disk/calls/disk-kind.node.ts";
import { identityOf, isStillSame } from "../../../../src/tree/disk/calls/identity.node.ts";
import { tempDir } from "./disk-tree.ts";
import { skipFor } from "../../../obstacles.ts";

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
