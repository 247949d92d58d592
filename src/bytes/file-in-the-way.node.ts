import { lstatSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { SyncError } from "../errors.ts";
import { pathOf } from "./byte-path.node.ts";

/**
 * What is thrown where something else is in the place of a directory, or of one on the way to it:
 * has the path of that. Undefined where nothing is in the way any more.
 */
export function fileInTheWay(path: string, cause: unknown): SyncError | undefined {
  const found = whatIsThere(path);
  if (found.stats?.isDirectory() !== false) return undefined;
  return new SyncError("PATH", "this is in the place of a directory: move it away, or name another place", {
    cause,
    detail: { path: found.path },
  });
}

/**
 * What there is of a path, from its end on; also a link that leads nowhere. A slash behind a name
 * asks for a directory: nothing else is found by it.
 */
function whatIsThere(path: string): { readonly path: string; readonly stats: Stats | undefined } {
  let at = path.replace(/(?<=.)\/+$/, "");
  let stats = lookAt(at);
  while (!stats && dirname(at) !== at) {
    at = dirname(at);
    stats = lookAt(at);
  }
  return { path: at, stats };
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(pathOf(path), { throwIfNoEntry: false });
  } catch {
    return undefined; // below a file
  }
}
