import fs from "node:fs";
import { promisify } from "node:util";
import { errnoOf } from "../bytes/errno.node.ts";
import { closingAfter } from "../bytes/closing.ts";
import { nothingAt, SyncError } from "../errors.ts";
import { placeAtPath } from "../tree/disk/calls/fact-place.node.ts";
import {
  type ByteString,
  fromByteString,
  nativePath,
  placeBytes,
  printPath,
  toByteString,
} from "../tree/disk/calls/byte-string.node.ts";
import { DirNode, type NameIn, pathBelow } from "../tree/disk/calls/dir-node.node.ts";
import { entryTrouble, isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { CatarNode, CatarType } from "./catar-node.ts";
import { typeOfMode } from "./catar-node.ts";
import { CatarWriter } from "./catar-writer.ts";
import { excludeListLimits, excludeListName, ExcludeRules } from "./exclude-list.ts";
import { casyncFeatures, desyncTreeFeatures } from "./features.ts";
import { keepFeatures } from "./keep-features.ts";
import { TreeFacts } from "./tree-facts.node.ts";
import { readFlags } from "../bytes/open-flags.node.ts";

export interface ArchiveTreeOptions extends AbortOptions {
  /** What to keep; what desync keeps unless given. */
  readonly features?: bigint;
  /** True to keep what is marked as not to be dumped, whatever the features say. */
  readonly keepsNodump?: boolean;
  /** True to leave out what `.caexclude` files in the tree name, as casync does. */
  readonly obeysLists?: boolean;
  /** True to give every entry the time 0. */
  readonly omitsTimes?: boolean;
  /** True to leave out what is on other file systems. */
  readonly staysOnFileSystem?: boolean;
  /** Called for a pipe or socket, to leave it out; they are kept unless given. */
  readonly onSpecial?: (path: string) => void;
  /** Called before the content of a file that has any: its path with that of the root, its size. */
  readonly onContent?: (path: Buffer, size: number) => void;
}

const blockBytes = 262_144;
const { O_NOFOLLOW, O_RDONLY } = fs.constants;

/** A directory that is being read, and its path for messages. */
interface Place {
  readonly dir: DirNode;
  readonly path: string;
  readonly depth: number;
  /** What is left out of it. */
  readonly rules: ExcludeRules;
}

/**
 * A tree on disk as an archive of casync, in blocks of any size. No link is followed on the way
 * down.
 *
 * The iteration throws NOT_FOUND, IO, LIMIT, CHANGED for a file that became shorter.
 */
export async function* archiveTree(root: string, options: ArchiveTreeOptions = {}): AsyncGenerator<Bytes> {
  const { features = desyncTreeFeatures, omitsTimes = false, onSpecial, onContent, signal } = options;
  const excludesNodump = (features & casyncFeatures.excludeNodump) !== 0n && options.keepsNodump !== true;
  const facts = new TreeFacts(excludesNodump ? features : features & ~casyncFeatures.excludeNodump);
  const writer = new CatarWriter(features);
  const held = openHeld(root);
  const rootStats = fs.fstatSync(held.root.fd!, { bigint: true });

  /** What the archive has of a name; undefined when that is left out. */
  function describe(
    name: Bytes,
    type: CatarType,
    stats: fs.BigIntStats,
    depth: number,
    path: string | Buffer,
    fd?: number,
  ): CatarNode | undefined {
    const isDevice = type === "char" || type === "block";
    const more = facts.read(stats, type, placeAtPath(path, depth === 0), fd);
    if (depth > 0 && excludesNodump && (more.flags & casyncFeatures.flagNodump) !== 0n) return undefined;
    const node: CatarNode = {
      ...more,
      depth,
      name,
      type,
      mode: Number(stats.mode & 0o7777n),
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      mtimeNs: omitsTimes ? 0n : stats.mtimeNs,
      size: type === "file" ? Number(stats.size) : 0,
      ...(isDevice && { device: deviceOf(stats.rdev) }),
    };
    return keepFeatures(node, features);
  }

  async function* directory(node: CatarNode, place: Place): AsyncGenerator<Bytes> {
    yield writer.enter(node);
    const names = namesIn(held, place);
    const inside = options.obeysLists === true ? { ...place, rules: rulesIn(held, place, names) } : place;
    for (const name of names) {
      signal?.throwIfAborted();
      yield* entry(name, inside);
    }
    yield writer.leave();
  }

  async function* entry(name: ByteString, { dir, path, depth, rules }: Place): AsyncGenerator<Bytes> {
    const bytes = fromByteString(name);
    const below = path === "" ? printPath(name) : `${path}/${printPath(name)}`;
    try {
      const at = held.at(dir, name);
      const stats = fs.lstatSync(at, { bigint: true });
      const type = typeOfMode(stats.mode & ~0o7777n);
      if (rules.excludes(name, type === "dir")) return;
      if (type === undefined) throw new SyncError("UNSUPPORTED", "no archive has such a thing");
      if (onSpecial && (type === "fifo" || type === "socket")) return onSpecial(below);
      if (type === "file")
        return yield* file(at, { dir, name }, (size, fd) => {
          const node = describe(bytes, type, stats, depth, held.at(dir, name), fd);
          return node && { ...node, size };
        });
      const fd = type === "dir" && facts.readsFlags ? fs.openSync(at, O_RDONLY | O_NOFOLLOW) : undefined;
      const node = describe(bytes, type, stats, depth, held.at(dir, name), fd);
      if (fd !== undefined) fs.closeSync(fd);
      if (node === undefined) return;
      if (type !== "dir") return yield writer.enter(withTarget(node, held.at(dir, name)));
      if (options.staysOnFileSystem === true && stats.dev !== rootStats.dev) return;
      const place = {
        dir: new DirNode(dir, name),
        path: below,
        depth: depth + 1,
        rules: rules.below(name),
      };
      yield* directory(node, place);
      held.leave(place.dir);
    } catch (thrown) {
      throw entryTrouble(thrown, below);
    }
  }

  async function* file(
    path: string | Buffer,
    { dir, name }: NameIn,
    describeIt: (size: number, fd: number | undefined) => CatarNode | undefined,
  ): AsyncGenerator<Bytes> {
    const fd = fs.openSync(path, readFlags);
    try {
      const { size } = fs.fstatSync(fd);
      const node = describeIt(size, facts.readsFlags ? fd : undefined);
      if (node === undefined) return;
      yield writer.enter(node);
      if (size > 0) onContent?.(fromByteString(`${placeBytes(root)}${pathBelow(dir)}/${name}`), size);
      yield* contentOf(fd, size);
    } finally {
      fs.closeSync(fd);
    }
  }

  try {
    const node = describe(new Uint8Array(0), "dir", rootStats, 0, held.pathTo(held.root), held.root.fd)!;
    yield* directory(node, {
      dir: held.root,
      path: "",
      depth: 1,
      rules: ExcludeRules.none,
    });
  } finally {
    held.close();
  }
}

function openHeld(root: string): HeldDirs {
  try {
    return new HeldDirs(nativePath(placeBytes(root)));
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT")) throw nothingAt(root, thrown);
    if (isErrno(thrown, "ENOTDIR"))
      throw new SyncError("PATH", "there is no directory to pack", { cause: thrown, detail: { path: root } });
    throw entryTrouble(thrown, root);
  }
}

/** The names in a directory by their bytes. */
function namesIn(held: HeldDirs, { dir, path }: Place): ByteString[] {
  try {
    return held.names(dir).sort();
  } catch (thrown) {
    throw entryTrouble(thrown, path);
  }
}

/** What is left out of a directory once the list in it was read, if there is one. */
function rulesIn(held: HeldDirs, { dir, path, rules }: Place, names: readonly ByteString[]): ExcludeRules {
  if (!names.includes(excludeListName)) return rules;
  try {
    const fd = fs.openSync(held.at(dir, toByteString(Buffer.from(excludeListName))), readFlags);
    return closingAfter(
      () => rules.withList(readList(fd)),
      () => fs.closeSync(fd),
    );
  } catch (thrown) {
    if (errnoOf(thrown) === "ELOOP") return rules; // a link is no list
    throw entryTrouble(thrown, path === "" ? excludeListName : `${path}/${excludeListName}`);
  }
}

/** @throws LIMIT */
function readList(fd: number): string {
  const stats = fs.fstatSync(fd);
  if (!stats.isFile()) return "";
  const limit = excludeListLimits.excludeListBytes;
  if (stats.size > limit)
    throw new SyncError("LIMIT", "the list of what is left out is too long", {
      detail: { limit, actual: stats.size },
    });
  return fs.readFileSync(fd, "latin1");
}

function withTarget(node: CatarNode, path: string | Buffer): CatarNode {
  if (node.type !== "symlink") return node;
  return { ...node, target: fs.readlinkSync(path, { encoding: "buffer" }) };
}

async function* contentOf(fd: number, size: number): AsyncGenerator<Bytes> {
  for (let at = 0; at < size;) {
    const block = Buffer.allocUnsafeSlow(Math.min(blockBytes, size - at));
    const { bytesRead } = await promisify(fs.read)(fd, block, 0, block.length, at);
    if (bytesRead === 0) throw new SyncError("CHANGED", "the file became shorter while it was read");
    yield block.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** The numbers of a device as Linux packs them. */
function deviceOf(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xfff00n)),
  };
}
