import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { skipFor } from "./obstacles.ts";

/** Makes a file system in a file. */
type MakeCommand = readonly [program: string, ...args: string[]];

/** File systems of which files can share blocks. */
export const sharingSystems: readonly MakeCommand[] = [
  ["mkfs.btrfs", "-q"],
  ["mkfs.xfs", "-q", "-m", "reflink=1"],
];

/** The least that XFS makes a file system of. */
const diskBytes = 320 << 20;

/** Does something with a new file system, where a file can be mounted. */
export async function onDisk(
  context: TestContext,
  [make, ...args]: MakeCommand,
  use: (disk: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-disk-"));
  const [image, disk] = [join(folder, "image"), join(folder, "disk")];
  const run = (command: string, ...words: string[]) => spawnSync(command, words, { encoding: "utf8" });
  try {
    mkdirSync(disk);
    writeFileSync(image, "");
    truncateSync(image, diskBytes);
    const made = run(make, ...args, image);
    if (made.status !== 0) throw new Error(`${make} failed: ${made.stderr}`);
    const isMounted = run("mount", "-o", "loop", image, disk).status === 0;
    skipFor(context, isMounted ? undefined : `what ${make} makes cannot be mounted`);
    try {
      await use(disk);
    } finally {
      run("umount", disk);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes of a file that lie in blocks which other files have as well, as filefrag(8) tells. */
export function sharedBytes(path: string): number {
  const { stdout } = spawnSync("filefrag", ["-s", "-v", "-b4096", path], { encoding: "utf8" });
  const extents = stdout.matchAll(/^ *\d+: +\d+\.\. *\d+: +\d+\.\. *\d+: +(\d+):(.*)$/gm);
  return [...extents].reduce(
    (bytes, [, blocks, flags]) => bytes + (flags!.includes("shared") ? Number(blocks) * 4096 : 0),
    0,
  );
}
