import type { NativePath } from "../tree/disk/calls/byte-string.node.ts";
import { readXattrs } from "../tree/disk/facts/disk-facts.node.ts";
import { findXattrCalls } from "../tree/disk/facts/xattr-calls.node.ts";
import type { CatarXattr } from "./catar-node.ts";

/** The attributes that archives of casync have; those of the system stand elsewhere in them. */
const kept = /^(?:user|trusted)\./;

/** The attributes of a file or directory as an archive has them; none where none can be read. */
export function readTreeXattrs(path: NativePath): CatarXattr[] {
  const found = readXattrs({ path, isHandle: false }, (name) => kept.test(name));
  return found.map(({ name, value }) => ({ name: Buffer.from(name, "latin1"), value }));
}

/**
 * Sets the attributes of a file or directory; those that it has beside them stay. Attributes of the
 * system, which give capabilities or access, are not an archive's to set. Throws what the system
 * says.
 *
 * @param isHandle true for a path of /proc that is the file itself
 * @returns false when not all were set
 */
export function writeTreeXattrs(path: NativePath, xattrs: readonly CatarXattr[], isHandle: boolean): boolean {
  const calls = findXattrCalls();
  if (!calls) return xattrs.length === 0;
  let isWhole = true;
  for (const { name, value } of xattrs) {
    const text = Buffer.from(name).toString("latin1");
    if (kept.test(text)) calls.set({ path, isHandle }, text, value);
    else isWhole = false;
  }
  return isWhole;
}
