import type { FileStats } from "../../../../src/tree/disk/calls/file-stats.node.ts";

/** What could be said of a file of this kind; no two numbers are the same. */
export function statsOf(kind: FileStats["kind"]): FileStats {
  const times = { mtimeSec: 1, mtimeNsec: 2, ctimeSec: 3, ctimeNsec: 4, accessSec: 5, accessNsec: 6 };
  const numbers = {
    size: 7,
    mode: 0o644,
    inode: 8,
    bornUsec: 9,
    device: 10,
    mount: 11,
    owner: 12,
    group: 13,
  };
  return { kind, ...times, ...numbers, linkCount: 1, rdev: undefined };
}
