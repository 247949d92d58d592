import { existsSync, mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../test/programs.ts";
import type { DataSet, Size } from "./data-set.ts";
import { versionSeconds } from "./made-tree.ts";
import type { Manifest } from "./manifest.ts";

/** A set that lies ready. */
export interface PreparedSet {
  readonly path: string;
  /** An older version of it. */
  readonly oldPath?: string;
  readonly isTree: boolean;
}

/** A set that cannot be made here, as opposed to one that is not what it should be. */
export class Unmakeable extends Error {}

/** Where sets are kept, and what they must be. */
export interface Shelf {
  readonly folder: string;
  readonly size: Size;
  /** What every version must be. */
  readonly manifest: Manifest;
}

/**
 * Makes a set unless it is there, with the sets that it is made from, and checks every version that
 * it consists of.
 *
 * @throws Unmakeable where a program or the network is lacking; Error when the set is not the one
 *   that the manifest names
 */
export async function prepareSet(set: DataSet, shelf: Shelf): Promise<PreparedSet> {
  await makeSet(set, shelf);
  const path = join(shelf.folder, set.name, "new");
  shelf.manifest.meet(shelf.size, path);
  if (set.isLone) return { path, isTree: set.isTree };
  const oldPath = join(shelf.folder, (set.oldOf ?? set).name, "old");
  shelf.manifest.meet(shelf.size, oldPath);
  return { path, oldPath, isTree: set.isTree };
}

async function makeSet(set: DataSet, shelf: Shelf): Promise<void> {
  const place = join(shelf.folder, set.name);
  if (existsSync(place)) return;
  for (const each of set.from ?? []) await makeSet(each, shelf);
  const obstacle = obstacleOf(set, shelf.size);
  if (obstacle !== undefined) throw new Unmakeable(obstacle);
  const folder = `${place}.part`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await set.make({ folder, beside: shelf.folder, size: shelf.size });
    if (!set.isTree) setTimes(folder);
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw new Unmakeable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  renameSync(folder, place);
}

/** A file's size may stay what it was, so its time must not. */
function setTimes(folder: string): void {
  for (const version of ["old", "new"] as const) {
    const path = join(folder, version);
    if (existsSync(path)) utimesSync(path, versionSeconds[version], versionSeconds[version]);
  }
}

function obstacleOf({ hasQuick, needs }: DataSet, size: Size): string | undefined {
  if (size === "quick" && hasQuick === false) return "there is only a full size of it";
  const lacking = needs?.[size]?.find((name) => findProgram(name) === undefined);
  return lacking === undefined ? undefined : `${lacking} is not installed`;
}
