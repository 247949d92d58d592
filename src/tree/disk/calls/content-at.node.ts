import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { nativePath, placeBytes, type PlacePath } from "./byte-string.node.ts";
import { stagingName } from "../../entry/staging-name.ts";
import { isErrno } from "./file-trouble.node.ts";

/**
 * Says whether something is at a destination: `none` where nothing stands, or a directory with no
 * more than what a session left that did not end; `some` in a directory; `other` where no directory
 * stands or that cannot be known.
 */
export function contentAt(place: PlacePath): "none" | "some" | "other" {
  try {
    const dir = fs.opendirSync(nativePath(placeBytes(place)));
    return closingAfter(
      () => (hasNames(dir) ? "some" : "none"),
      () => dir.closeSync(),
    );
  } catch (thrown) {
    if (!isErrno(thrown)) throw thrown;
    return isErrno(thrown, "ENOENT") ? "none" : "other"; // the first entry tells what is wrong
  }
}

function hasNames(dir: fs.Dir): boolean {
  const first = dir.readSync();
  return first !== null && (first.name !== stagingName || dir.readSync() !== null);
}
