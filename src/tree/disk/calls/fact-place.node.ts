import { toByteString, type NativePath } from "./byte-string.node.ts";
import type { NameAt } from "./call-at.node.ts";

/** Where facts are read and set. */
export interface FactPlace extends NameAt {
  /** True for a path of /proc that leads to the thing itself; otherwise no link is followed. */
  readonly isHandle: boolean;
}

const AT_FDCWD = -100;

/** A path from the working directory, or the top of the file system, as such a place. */
export function placeAtPath(path: NativePath, isHandle = false): FactPlace {
  const name = typeof path === "string" ? path : toByteString(path);
  return { dirFd: AT_FDCWD, name, path: () => path, isHandle };
}
