import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { SyncError } from "../../../errors.ts";
import {
  fromByteString,
  nativePath,
  placeBytes,
  printPath,
  toByteString,
  type ByteString,
  type PlacePath,
} from "../calls/byte-string.node.ts";
import { fileInTheWay } from "../../../bytes/file-in-the-way.node.ts";
import { makeDirs } from "../../../bytes/make-dirs.node.ts";
import { fileTrouble, isErrno } from "../calls/file-trouble.node.ts";
import { DirNode } from "../calls/dir-node.node.ts";
import { withoutSlash } from "../calls/given-path.node.ts";
import { HeldDirs } from "../calls/held-dirs.node.ts";
import type { Entry, Layout } from "../../entry/entry.ts";

/** Where a tree is received. */
export interface Destination {
  /** The directory that the entries at the top lie in, or that they are the content of. */
  readonly root: DirNode;
  /** The directories below it; absent where nothing is there yet. */
  readonly held?: HeldDirs;
  /** The name of the top entry there. */
  readonly topName: ByteString;
  /** True when `topName` may be the only entry. */
  readonly isSingle: boolean;
  /** True when the root was made for what comes. */
  readonly isMade?: boolean;
}

/** One that is there. */
export interface OpenDestination extends Destination {
  readonly held: HeldDirs;
}

/** How a destination is found. */
interface DestinationOptions {
  /** False to refuse a link as the destination; true unless given. */
  readonly follow?: boolean;
  /** True to make the directories around it that are not there. */
  readonly makesPath?: boolean | undefined;
}

/** A directory that is not there yet. */
const nowhere = new DirNode(undefined, "", { isNew: true });

/**
 * Finds the place of a tree by rsync's rules: the content of a directory goes into the destination;
 * a directory goes below it; so does a file, unless the destination is no directory: then the file
 * is written under that name. A directory that is missing at the end of the path is made.
 *
 * @throws IO, NOT_FOUND when the directory around it is missing, UNSUPPORTED for a device, pipe or
 *   socket
 */
export function openDestination(
  path: PlacePath,
  layout: Layout,
  first: Entry,
  { follow = true, makesPath = false }: DestinationOptions,
): OpenDestination {
  const place = placeBytes(path);
  return explained(place, makesPath, () => {
    const isSingle = isAs(place, layout, first);
    if (makesPath) makeDirs(printPath(dirname(place)));
    const isMade = !isSingle && makeUnlessThere(place, follow);
    return { ...open(place, isSingle, first, follow), isMade };
  });
}

/** The same, and nothing is made: what `openDestination` refuses is refused. */
export function findDestination(
  path: PlacePath,
  layout: Layout,
  first: Entry,
  { follow = true, makesPath = false }: DestinationOptions,
): Destination {
  const place = placeBytes(path);
  return explained(place, makesPath, () => {
    const isSingle = isAs(place, layout, first);
    const isThere = fs.lstatSync(nativePath(withoutSlash(place)), { throwIfNoEntry: false }) !== undefined;
    const around = nativePath(dirname(place));
    const isMade = makesPath && !fs.existsSync(around);
    if (isThere || (isSingle && !isMade)) return open(place, isSingle, first, follow);
    if (!isMade) fs.accessSync(around, fs.constants.W_OK | fs.constants.X_OK);
    return { root: nowhere, topName: toByteString(first.name), isSingle };
  });
}

/**
 * The path that a directory will have that is not there yet, from the top of the file system on.
 */
export function absentPath(place: ByteString): ByteString {
  const bare = withoutSlash(place);
  const around = toByteString(fs.realpathSync.native(nativePath(dirname(bare)), "buffer"));
  return join(around, basename(bare));
}

function explained<Result>(place: ByteString, makesPath: boolean, find: () => Result): Result {
  try {
    return find();
  } catch (thrown) {
    const path = printPath(place);
    const inTheWay = isErrno(thrown, "ENOENT", "ENOTDIR") ? fileInTheWay(path, thrown) : undefined;
    if (inTheWay) throw inTheWay;
    if (isErrno(thrown, "ENOENT") && !makesPath)
      throw new SyncError(
        "NOT_FOUND",
        "the directory around the destination does not exist; --mkpath makes it",
        { cause: thrown, detail: { path } },
      );
    throw fileTrouble(thrown, path);
  }
}

function open(place: ByteString, isSingle: boolean, first: Entry, follow: boolean): OpenDestination {
  const root = fromByteString(isSingle ? dirname(place) : place);
  const held = new HeldDirs(root, isSingle ? true : follow);
  const topName = isSingle ? basename(place) : toByteString(first.name);
  return { root: held.root, held, topName, isSingle };
}

/** True when the place is that of the one entry itself, and not of the directory around it. */
function isAs(place: ByteString, layout: Layout, first: Entry): boolean {
  const there = fs.statSync(nativePath(place), { throwIfNoEntry: false });
  if (there && !there.isDirectory() && !there.isFile()) {
    const message = "a device, pipe or socket is no destination";
    throw new SyncError("UNSUPPORTED", message, { detail: { path: printPath(place) } });
  }
  return layout === "named" && first.kind !== "dir" && !place.endsWith("/") && !there?.isDirectory();
}

/** True when it was made. */
function makeUnlessThere(place: ByteString, follow: boolean): boolean {
  try {
    fs.mkdirSync(nativePath(follow ? place : withoutSlash(place)));
    return true;
  } catch (thrown) {
    if (!isErrno(thrown, "EEXIST")) throw thrown;
    return false;
  }
}
