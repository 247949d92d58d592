import type { Found } from "../calls/walk.node.ts";

/**
 * What was found, without directories in which nothing is but such directories.
 *
 * @param maySkip true for a directory that is nothing by itself
 */
export function* withoutEmptyDirs(
  all: Iterable<Found>,
  maySkip: (found: Found) => boolean = () => true,
): Generator<Found> {
  /** Directories on the way to what comes next that nothing was found in yet. */
  const pending: Found[] = [];
  for (const found of all) {
    while (pending.length > 0 && pending.at(-1)!.depth >= found.depth) pending.pop();
    if (found.stats.kind === "dir" && maySkip(found)) pending.push(found);
    else {
      yield* pending.splice(0);
      yield found;
    }
  }
}
