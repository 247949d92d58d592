import { sessionLimits } from "../src/session/limits.ts";
import type { TreeSource } from "../src/tree/source.ts";

/** A source that says it has more than a small tree, so that its directories are compared. */
export function asLarge<File>(source: TreeSource<File>): TreeSource<File> {
  const { subtrees } = source;
  if (!subtrees) return source;
  const read: typeof subtrees.read = ({ goOn, ...given }) =>
    subtrees.read({ ...given, goOn: (count) => goOn(count + sessionLimits.smallTreeCount) });
  return { ...source, subtrees: { ...subtrees, read } };
}
