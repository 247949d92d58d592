import fs from "node:fs";
import path from "node:path";
import { pathOf } from "../bytes/byte-text.node.ts";
import { SyncError } from "../errors.ts";
import { namesContents } from "../tree/entry/named-contents.ts";
import { isErrno } from "../tree/disk/calls/file-trouble.node.ts";

/**
 * Checks that a source does not go to the place where it is: to remove what was sent would remove
 * all there is of it.
 *
 * @throws USAGE
 */
export function checkApart(from: string, to: string): void {
  const places = namesContents(from) ? [to] : [to, path.join(to, path.basename(from))];
  const source = lookAt(from);
  const isSame = (place: string): boolean => {
    const there = lookAt(place);
    return there !== undefined && there.dev === source?.dev && there.ino === source.ino;
  };
  if (places.some(isSame))
    throw new SyncError("USAGE", "--remove-source-files would remove SRC: DST is the same", {
      detail: { path: from },
    });
}

function lookAt(place: string): fs.BigIntStats | undefined {
  try {
    return fs.statSync(pathOf(place), { bigint: true });
  } catch (thrown) {
    if (isErrno(thrown)) return undefined;
    throw thrown;
  }
}
