import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { nativePath, placeBytes, type PlacePath } from "./byte-string.node.ts";
import { isErrno } from "./file-trouble.node.ts";

/**
 * Says whether something is at a destination: `none` where nothing stands, or an empty directory;
 * `some` in a directory; `other` where no directory stands or that cannot be known.
 */
export function contentAt(place: PlacePath): "none" | "some" | "other" {
  try {
    const dir = fs.opendirSync(nativePath(placeBytes(place)));
    return closingAfter(
      () => (dir.readSync() === null ? "none" : "some"),
      () => dir.closeSync(),
    );
  } catch (thrown) {
    if (!isErrno(thrown)) throw thrown;
    return isErrno(thrown, "ENOENT") ? "none" : "other"; // the first entry tells what is wrong
  }
}
