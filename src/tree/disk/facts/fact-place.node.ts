import type { NativePath } from "../calls/byte-string.node.ts";

/** Where facts are read and set. */
export interface FactPlace {
  readonly path: NativePath;
  /** True for a path of /proc that leads to the thing itself; otherwise no link is followed. */
  readonly isHandle: boolean;
}
