import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, test, type TestContext } from "vitest";
import { findProgram } from "./programs.ts";

/** What a test needs and this machine lacks, in words; undefined where nothing is lacking. */
export type Obstacle = string | undefined;

const told = new Set<string>();

/**
 * `test` and `describe` for what needs something: they skip where it is lacking, and the reason is
 * printed.
 */
export function unless(obstacle: Obstacle): Pick<typeof import("vitest"), "test" | "describe"> {
  if (obstacle === undefined) return { test, describe };
  tell(basename(expect.getState().testPath!), obstacle);
  return { test: test.skip as typeof test, describe: describe.skip as typeof describe };
}

/** Skips the rest of a test that has an obstacle. The reason is printed. */
export function skipFor({ task, skip }: TestContext, obstacle: Obstacle): void {
  if (obstacle === undefined) return;
  tell(task.name, obstacle);
  skip(obstacle);
}

/** Prints a reason once for each name. */
function tell(name: string, reason: string): void {
  const line = `skipped: ${name}: ${reason}`;
  if (!told.has(line)) console.log(line);
  told.add(line);
}

/** For what only Linux has. */
export const notLinux: Obstacle = process.platform === "linux" ? undefined : "this is not Linux";

/** For what POSIX has and Windows has not. */
export const notPosix: Obstacle = process.platform === "win32" ? "this is not a POSIX system" : undefined;

/** For what only root may do. */
export const notRoot: Obstacle = process.getuid?.() === 0 ? undefined : "this needs root";

/** For what root is never refused. */
export const asRoot: Obstacle = notRoot === undefined ? "root may do it all" : undefined;

/** For a place where no write finds room. */
export const noFullDevice: Obstacle = existsSync("/dev/full") ? undefined : "there is no /dev/full";

/** The first of some programs that is not installed. */
export function missing(...programs: readonly string[]): Obstacle {
  const lacking = programs.find((name) => findProgram(name, ["/usr/sbin", "/sbin"]) === undefined);
  return lacking === undefined ? undefined : `${lacking} is not installed`;
}

/** For what needs a file system of its own, which not even root may mount in every container. */
export function noMounting(): Obstacle {
  const obstacle = notLinux ?? notRoot;
  if (obstacle !== undefined) return obstacle;
  const place = mkdtempSync(join(tmpdir(), "rsync-stream-mount-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "tmpfs", place]);
  if (status === 0) spawnSync("umount", [place]);
  rmdirSync(place);
  return status === 0 ? undefined : "nothing can be mounted here";
}

/** For what is mounted by FUSE, which needs root here. */
export function noFuse(): Obstacle {
  const obstacle = notLinux ?? notRoot ?? missing("mount", "umount");
  if (obstacle !== undefined) return obstacle;
  try {
    closeSync(openSync("/dev/fuse", "r+"));
    return undefined;
  } catch {
    return "/dev/fuse cannot be opened";
  }
}
