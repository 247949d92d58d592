import fs from "node:fs";
import path from "node:path";
import { SyncError } from "../errors.ts";
import { toByteString, type ByteString } from "./byte-string.node.ts";
import { fileTrouble, isErrno } from "./file-trouble.node.ts";
import { HeldDirs, withoutSlash } from "./held-dirs.node.ts";
import type { Entry, Layout } from "./tree.ts";

/** Where a tree is received. */
export interface Destination {
  /** The directory that the entries at the top lie in, or that they are the content of. */
  readonly held: HeldDirs;
  /** The name of the top entry there. */
  readonly topName: ByteString;
  /** True when `topName` may be the only entry. */
  readonly isSingle: boolean;
}

/**
 * Finds the place of a tree by rsync's rules: the content of a directory goes into the destination; a directory
 * goes below it; so does a file, unless the destination is no directory: then the file is written under that name.
 * A directory that is missing at the end of the path is made.
 *
 * @param follow false to refuse a link as the destination
 * @throws IO, NOT_FOUND when the directory around it is missing
 */
export function openDestination(place: string, layout: Layout, first: Entry, follow: boolean): Destination {
  try {
    if (!isAs(place, layout, first)) makeUnlessThere(place, follow);
    return open(place, layout, first, follow);
  } catch (thrown) {
    if (!isErrno(thrown, "ENOENT")) throw fileTrouble(thrown, place);
    const message = "the directory around it does not exist";
    throw new SyncError("NOT_FOUND", message, { cause: thrown, detail: { path: place } });
  }
}

/** The same, and nothing is made: undefined when the directory is not there. */
export function findDestination(place: string, layout: Layout, first: Entry): Destination | undefined {
  try {
    return open(place, layout, first, true);
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT")) return undefined;
    throw fileTrouble(thrown, place);
  }
}

function open(place: string, layout: Layout, first: Entry, follow: boolean): Destination {
  if (!isAs(place, layout, first)) {
    return { held: new HeldDirs(place, follow), topName: toByteString(first.name), isSingle: false };
  }
  const topName = Buffer.from(path.basename(place)).toString("latin1");
  return { held: new HeldDirs(path.dirname(place)), topName, isSingle: true };
}

/** True when the place is that of the one entry itself, and not of the directory around it. */
function isAs(place: string, layout: Layout, first: Entry): boolean {
  return layout === "named" && first.kind !== "dir" && !place.endsWith("/") && !isDirectory(place);
}

function isDirectory(place: string): boolean {
  return fs.statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function makeUnlessThere(place: string, follow: boolean): void {
  try {
    fs.mkdirSync(follow ? place : withoutSlash(place));
  } catch (thrown) {
    if (!isErrno(thrown, "EEXIST")) throw thrown;
  }
}
