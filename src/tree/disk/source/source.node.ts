import fs from "node:fs";
import path from "node:path";
import { nodeDigests } from "../../../chunk/blake3.node.ts";
import { sha512_256Digest } from "../../../chunk/sha512-256.ts";
import type { CutterSpec } from "../../../chunk/cutter.ts";
import { closingAfter } from "../../../bytes/closing.ts";
import { sha256Digest } from "../../../chunk/digest.ts";
import { SyncError } from "../../../errors.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import {
  fromByteString,
  nativePath,
  placeBytes,
  printPath,
  type ByteString,
  type PlacePath,
} from "../calls/byte-string.node.ts";
import { entryTrouble, fileTrouble } from "../calls/file-trouble.node.ts";
import { seeFakes } from "../facts/fake-stat.node.ts";
import { readFully } from "../calls/file-cut.node.ts";
import { printPlace } from "../calls/dir-node.node.ts";
import { describeIdentity } from "../calls/place-identity.node.ts";
import { withoutSlash } from "../calls/given-path.node.ts";
import { HeldDirs } from "../calls/held-dirs.node.ts";
import type { TreeFilter } from "../../filter/tree-filter.ts";
import { Pause } from "../../../bytes/pause.node.ts";
import { scanFiles } from "./source-scan.node.ts";
import { SourceCut } from "./source-cut.node.ts";
import { compareWithListed, openSourceFile, type SourceFile } from "./source-file.node.ts";
import { type ListingOptions, SourceListing, type ListingStart } from "./source-listing.node.ts";
import { SpareCutters } from "../../spare-cutters.ts";
import type { Layout } from "../../entry/entry.ts";
import { namesContents } from "../../entry/named-contents.ts";
import type { CutOptions, CutRun, TreeSource } from "../../source.ts";

/** What `openTreeSource` leaves out, and how it takes the place. */
export interface TreeSourceOptions extends ListingOptions {
  /**
   * Leaves out what its rules for senders exclude. Paths begin with the name of SRC where that is
   * sent under its name, as with rsync. Rules that directories have in files are read when the walk
   * comes there; where that cannot be done it ends with USAGE, LIMIT or IO.
   */
  readonly filter?: TreeFilter | undefined;
  /**
   * False not to follow a link at the place itself, even where a slash follows it; true unless
   * given.
   */
  readonly follow?: boolean;
}

/** A tree of the file system, and how its top is to be read. */
export interface DirSource extends TreeSource<SourceFile> {
  readonly layout: Layout;
}

/**
 * Opens a file, a link or a directory for sending, with rsync's meaning of the name: `dir/` is what
 * is in the directory, `dir` is the directory itself. A link is sent as a link, unless a slash
 * follows it.
 *
 * @throws VANISHED when nothing is there, IO when it cannot be read
 */
export async function openTreeSource(place: PlacePath, options: TreeSourceOptions = {}): Promise<DirSource> {
  const start = findStart(placeBytes(place), options);
  start.held.keepsAccess = options.keep?.atimes === true;
  const cutters = new SpareCutters();
  const listing = listingAt(start, options);
  return {
    layout: start.layout,
    digests: [...nodeDigests, sha512_256Digest],
    takesAnyDigest: true,
    subtrees: listing.subtrees,
    entries: (sourceOptions) => listing.entries(sourceOptions),
    cut: (files, spec, cutOptions) => cutFiles(start.held, files, spec, cutters, cutOptions),
    scan: (files, room, visitor, abort) => scanFiles(start.held, files, room, visitor, abort),
    read: async (file, offset, size, abort) => readPart(start.held, file, offset, size, abort),
    ...(options.removesSourceFiles === true && {
      removes: describeSource(start, options),
      arrived: (onTrouble: (error: SyncError) => void) => listing.removeSent(onTrouble),
    }),
    close: async () => closeStart(start),
  };
}

/** @throws IO */
function closeStart({ held, place }: ListingStart): void {
  try {
    held.close();
  } catch (thrown) {
    throw fileTrouble(thrown, printPath(place));
  }
}

/** A directory, or the file or link in it; with a slash where all that is in it may be removed. */
function describeSource({ held, isDir, name }: ListingStart, { paths }: TreeSourceOptions): string {
  const stats = isDir ? undefined : held.look(held.root, name);
  return describeIdentity(stats ?? held.lookAtDir(held.root)) + (paths ? "" : "/");
}

/** @throws USAGE for options that make no sense, UNSUPPORTED */
function listingAt(start: ListingStart, options: TreeSourceOptions): SourceListing {
  try {
    seeFakes(start.held, "sender", options.keep);
    return new SourceListing(start, options);
  } catch (thrown) {
    start.held.close();
    throw thrown;
  }
}

function findStart(
  place: ByteString,
  { copyDirLinks = false, copyLinks = false, follow = true }: TreeSourceOptions,
): ListingStart {
  try {
    const name = path.basename(place);
    const isContents = namesContents(place);
    const native = nativePath(follow ? place : withoutSlash(place));
    const stats = isContents && follow ? fs.statSync(native) : fs.lstatSync(native);
    const isLinkFollowed = stats.isSymbolicLink() && (copyLinks || copyDirLinks);
    const isDir = stats.isDirectory() || (isLinkFollowed && fs.statSync(native).isDirectory());
    if (!isDir && isContents) throw new SyncError("VANISHED", "there is no such directory");
    const root = fromByteString(isDir ? place : path.dirname(place));
    const held = new HeldDirs(root, isDir ? follow : true);
    if (isContents) return { held, place, layout: "contents", name: ".", isDir };
    return { held, place: path.dirname(place), layout: "named", name, isDir };
  } catch (thrown) {
    throw fileTrouble(thrown, printPath(place));
  }
}

async function* cutFiles(
  held: HeldDirs,
  files: readonly SourceFile[],
  spec: CutterSpec,
  cutters: SpareCutters,
  { signal, room = (count) => new Uint8Array(count), digest = sha256Digest }: CutOptions,
): AsyncGenerator<readonly CutRun<SourceFile>[]> {
  const pause = new Pause(signal);
  const cutter = cutters.take(spec);
  const cut = new SourceCut(held, files, { cutter, digest, room });
  try {
    while (!cut.isDone) {
      const runs = cut.next();
      if (pause.due()) await pause.take();
      if (runs.length > 0) yield runs;
    }
  } finally {
    cut.close();
    cutters.give(cutter);
  }
}

function readPart(
  held: HeldDirs,
  file: SourceFile,
  offset: number,
  size: number,
  { signal }: AbortOptions,
): Bytes {
  signal?.throwIfAborted();
  const fd = openSourceFile(held, file);
  const read = (): Bytes => {
    compareWithListed(fd, file);
    const bytes = new Uint8Array(size);
    if (readFully(fd, bytes, (file.range?.offset ?? 0) + offset) === size) return bytes;
    throw new SyncError("CHANGED", "a file is shorter than it was");
  };
  try {
    return closingAfter(read, () => fs.closeSync(fd));
  } catch (thrown) {
    throw entryTrouble(thrown, printPlace(file.dir, file.name));
  }
}
