import fs from "node:fs";
import { makeDirs } from "../bytes/make-dirs.node.ts";
import { SyncError } from "../errors.ts";
import {
  type ByteString,
  nativePath,
  placeBytes,
  printPath,
  toByteString,
} from "../tree/disk/calls/byte-string.node.ts";
import { DirNode } from "../tree/disk/calls/dir-node.node.ts";
import { deviceOf } from "../tree/disk/calls/file-kind.node.ts";
import { entryTrouble, isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import { canMakeNodes, makeNode } from "../tree/disk/calls/make-node.node.ts";
import { timeSetters } from "../tree/disk/calls/times.node.ts";
import { placeAtPath, type FactPlace } from "../tree/disk/calls/fact-place.node.ts";
import type { AbortOptions } from "../types.ts";
import { type CatarEvent, type CatarNode, modeOfType } from "./catar-node.ts";
import type { CatarReading } from "./catar-reader.ts";
import { casyncFeatures } from "./features.ts";
import { removeLeftovers, TreeFile } from "./tree-files.node.ts";
import { setTreeFacts } from "./tree-facts.node.ts";

export interface ExtractTreeOptions extends AbortOptions {
  /** False to leave everything to this user; true unless given, where this user may. */
  readonly keepsOwners?: boolean;
  /** False to give what the umask leaves; true unless given. */
  readonly keepsModes?: boolean;
  /** True to make devices, too; they are refused unless given. */
  readonly makesDevices?: boolean;
  /** Called for an entry that cannot be made here, to go on without it. */
  readonly onTrouble?: (error: SyncError) => void;
  /** Called behind each block of content with the bytes so far. */
  readonly onProgress?: (doneBytes: number) => void;
}

const nsPerSecond = 1_000_000_000n;

/**
 * Makes the tree of an archive below a directory, which is made when it is not there. What is there
 * and right already is left; what the archive does not have stays. Nothing is made outside,
 * whatever the archive says or others do meanwhile: every directory is reached without following a
 * link.
 *
 * @throws NO_SPACE, IO, and what the archive throws; nothing that is not complete has its name then
 */
export async function extractTree(
  archive: CatarReading,
  root: string,
  options: ExtractTreeOptions = {},
): Promise<void> {
  const extraction = new Extraction(root, archive.features, options);
  try {
    for await (const event of archive.events) {
      options.signal?.throwIfAborted();
      extraction.take(event);
    }
  } finally {
    await archive.close();
    extraction.close();
  }
}

interface OpenDir {
  readonly dir: DirNode;
  readonly node: CatarNode;
}

class Extraction {
  readonly #held: HeldDirs;
  readonly #options: ExtractTreeOptions;
  readonly #features: bigint;
  readonly #hasOwners: boolean;
  readonly #hasTimes: boolean;
  readonly #open: OpenDir[] = [];
  #file: { readonly file: TreeFile; readonly node: CatarNode; left: number } | undefined;
  #doneBytes = 0;

  constructor(root: string, features: bigint, options: ExtractTreeOptions) {
    const place = nativePath(placeBytes(root));
    try {
      makeDirs(root);
      this.#held = new HeldDirs(place);
    } catch (thrown) {
      throw entryTrouble(thrown, root);
    }
    this.#options = options;
    this.#features = features;
    const f = casyncFeatures;
    const isRoot = process.geteuid?.() === 0;
    this.#hasOwners = (features & (f.uids16 | f.uids32)) !== 0n && (options.keepsOwners ?? isRoot) && isRoot;
    this.#hasTimes = (features & (f.nsecTime | f.usecTime | f.secTime | f.twoSecTime)) !== 0n;
  }

  take(event: CatarEvent): void {
    if (event.type === "content") return this.#content(event.bytes);
    if (event.type === "leave") return this.#leave();
    const { node } = event;
    try {
      this.#enter(node);
    } catch (thrown) {
      throw entryTrouble(thrown, this.#pathOf(node));
    }
  }

  close(): void {
    this.#file?.file.abandon();
    // What broke off leaves directories as they should be, deepest first.
    try {
      while (this.#open.length > 0) this.#leave();
    } catch {
      // What ended the extraction is told already.
    }
    this.#held.close();
  }

  #enter(node: CatarNode): void {
    if (node.depth === 0) {
      this.#open.push({ dir: this.#held.root, node });
      return removeLeftovers(this.#held, this.#held.root);
    }
    const { dir } = this.#open.at(-1)!;
    const name = toByteString(node.name);
    switch (node.type) {
      case "dir":
        return this.#directory(dir, name, node);
      case "file":
        return this.#begin(dir, name, node);
      case "symlink":
        return this.#symlink(dir, name, node);
      default:
        return this.#special(dir, name, node);
    }
  }

  #directory(parent: DirNode, name: ByteString, node: CatarNode): void {
    const isThere = this.#look(parent, name)?.isDirectory() === true;
    if (!isThere) {
      this.#remove(parent, name);
      this.#held.writeIn(parent, () => fs.mkdirSync(this.#held.at(parent, name), 0o700));
    }
    const dir = new DirNode(parent, name);
    this.#open.push({ dir, node });
    if (isThere) removeLeftovers(this.#held, dir);
  }

  #begin(dir: DirNode, name: ByteString, node: CatarNode): void {
    if (this.#look(dir, name)?.isDirectory()) throw inTheWay();
    this.#file = { file: new TreeFile(this.#held, dir, name, node.size), node, left: node.size };
    if (node.size === 0) this.#completeFile();
  }

  #content(bytes: Uint8Array): void {
    const file = this.#file!;
    try {
      file.file.write(bytes);
      file.left -= bytes.length;
      this.#doneBytes += bytes.length;
      this.#options.onProgress?.(this.#doneBytes);
      if (file.left === 0) this.#completeFile();
    } catch (thrown) {
      throw entryTrouble(thrown, this.#pathOf(file.node));
    }
  }

  #completeFile(): void {
    const { file, node } = this.#file!;
    file.complete((fd) => {
      if (this.#hasOwners) fs.fchownSync(fd, node.uid, node.gid);
      this.#setFacts(placeAtPath(`/proc/self/fd/${fd}`, true), node);
      fs.fchmodSync(fd, this.#modeOf(node, 0o666));
      if (this.#hasTimes) timeSetters()[0]!.setHandle(fd, ...timeOf(node));
    });
    this.#file = undefined;
  }

  #symlink(dir: DirNode, name: ByteString, node: CatarNode): void {
    const target = Buffer.from(node.target!);
    if (!this.#leadsTo(dir, name, target)) {
      this.#remove(dir, name);
      this.#held.writeIn(dir, () => fs.symlinkSync(target, this.#held.at(dir, name)));
    }
    this.#finishName(dir, name, node);
  }

  #leadsTo(dir: DirNode, name: ByteString, target: Buffer): boolean {
    if (!this.#look(dir, name)?.isSymbolicLink()) return false;
    return fs.readlinkSync(this.#held.at(dir, name), { encoding: "buffer" }).equals(target);
  }

  #special(dir: DirNode, name: ByteString, node: CatarNode): void {
    const { type, device = { major: 0, minor: 0 } } = node;
    const isDevice = type === "char" || type === "block";
    const isRefused = !canMakeNodes() || (isDevice && this.#options.makesDevices !== true);
    if (isRefused) return this.#trouble(node, `a ${type} is not made`);
    this.#remove(dir, name);
    const [major, minor] = [device.major, device.minor];
    const mode = Number(modeOfType(type)) | 0o600;
    try {
      this.#held.writeIn(dir, () => makeNode(this.#held.at(dir, name), mode, deviceOf(major, minor)));
    } catch (thrown) {
      if (!isErrno(thrown, "EPERM")) throw thrown;
      return this.#trouble(node, `a ${type} cannot be made`);
    }
    this.#finishName(dir, name, node);
    this.#setFacts(this.#held.factsAt(dir, name), node);
    fs.chmodSync(this.#held.at(dir, name), this.#modeOf(node, 0o666));
  }

  #trouble(node: CatarNode, message: string): void {
    const error = new SyncError("UNSUPPORTED", message.trim(), { detail: { path: this.#pathOf(node) } });
    if (!this.#options.onTrouble) throw error;
    this.#options.onTrouble(error);
  }

  /** Gives a name that is no file and no directory its owner and time. */
  #finishName(dir: DirNode, name: ByteString, node: CatarNode): void {
    if (this.#hasOwners) fs.lchownSync(this.#held.at(dir, name), node.uid, node.gid);
    if (this.#hasTimes) timeSetters()[0]!.setAt(this.#held.nameAt(dir, name), ...timeOf(node));
  }

  #leave(): void {
    const { dir, node } = this.#open.pop()!;
    try {
      if (this.#hasOwners) fs.chownSync(this.#held.pathTo(dir), node.uid, node.gid);
      this.#setFacts(this.#held.factsAt(dir, "."), node);
      this.#held.setDirMode(dir, this.#modeOf(node, 0o777));
      if (!this.#hasTimes) return;
      const [setter] = timeSetters();
      if (dir.parent === undefined) setter!.setHandle(dir.fd!, ...timeOf(node));
      else setter!.setAt(this.#held.nameAt(dir.parent, dir.name), ...timeOf(node));
    } catch (thrown) {
      throw entryTrouble(thrown, this.#pathOf(node));
    } finally {
      this.#held.leave(dir);
    }
  }

  /** Sets what can be set; what cannot is told when somebody listens, and is no failure. */
  #setFacts(place: FactPlace, node: CatarNode): void {
    const givesAccess = this.#options.keepsModes !== false;
    const features = givesAccess ? this.#features : this.#features & ~casyncFeatures.acl;
    for (const what of setTreeFacts(place, givesAccess ? node : withoutAccess(node), features)) {
      const detail = { path: this.#pathOf(node) };
      this.#options.onTrouble?.(new SyncError("UNSUPPORTED", `${what} cannot be set here`, { detail }));
    }
  }

  #modeOf(node: CatarNode, all: number): number {
    return this.#options.keepsModes === false ? all & ~process.umask() : node.mode;
  }

  #look(dir: DirNode, name: ByteString): fs.Stats | undefined {
    return fs.lstatSync(this.#held.at(dir, name), { throwIfNoEntry: false });
  }

  /** Removes what has a name, unless it is a directory with something in it. */
  #remove(dir: DirNode, name: ByteString): void {
    const stats = this.#look(dir, name);
    if (stats === undefined) return;
    const path = this.#held.at(dir, name);
    try {
      this.#held.writeIn(dir, () => (stats.isDirectory() ? fs.rmdirSync(path) : fs.unlinkSync(path)));
    } catch (thrown) {
      if (isErrno(thrown, "ENOTEMPTY", "EEXIST")) throw inTheWay();
      throw thrown;
    }
  }

  #pathOf({ name }: CatarNode): string {
    const names = [...this.#open.slice(1).map(({ dir }) => dir.name), toByteString(name)];
    return names.map(printPath).join("/") || ".";
  }
}

/** An entry that gives nobody more than its mode. */
function withoutAccess({ acl: _acl, fcaps: _fcaps, ...node }: CatarNode): CatarNode {
  return node;
}

function inTheWay(): SyncError {
  return new SyncError("IO", "a directory stands where the archive has something else");
}

function timeOf({ mtimeNs }: CatarNode): [sec: number, nsec: number] {
  const nsec = ((mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
  return [Number((mtimeNs - nsec) / nsPerSecond), Number(nsec)];
}
