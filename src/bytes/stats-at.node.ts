import { type Stats, statSync } from "node:fs";
import { pathOf } from "./byte-path.node.ts";
import { errnoOf } from "./errno.node.ts";

/**
 * What is at a path that somebody gave, behind links; undefined where nothing is, also for want of
 * a directory on the way. Throws what the system says.
 */
export function statsAt(path: string): Stats | undefined {
  try {
    return statSync(pathOf(path), { throwIfNoEntry: false });
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOTDIR") return undefined;
    throw thrown;
  }
}
