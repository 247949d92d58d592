import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { closingAfter, closingOnFailure, doAll } from "../../../bytes/closing.ts";
import { SyncError, isSyncError } from "../../../errors.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { printPlace, DirNode, type NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { rangesNames, removeRanges } from "./file-ranges.node.ts";
import type { MountedType } from "../facts/mounted-type.node.ts";
import { hashText } from "./likeness.node.ts";
import { takeLock, type Lock } from "./lock.node.ts";
import { isOursAlone, isPrivate } from "./private-dir.node.ts";
import { stagingName } from "../../entry/staging-name.ts";
import { walk } from "../calls/walk.node.ts";
import { removeDir, removeFile } from "../calls/remove-file.node.ts";

/** A file that an earlier session left behind. */
export interface Leftover extends NameIn {
  readonly size: number;
  readonly mtimeSec: number;
}

const lockName = "lock";
/** Names as `newName` makes them: nothing else in a staging directory is taken for a leftover. */
const leftoverNames = /^[0-9a-f]{8}\.[0-9a-f]{12}\.[0-9a-z]+(?:\.old)?$/;
/** Characters of such a name that tell for which path it is. */
const tagLength = 8;
/** Files that are kept of one path: the largest ones, of equal ones the last. */
const keptOfOnePath = 3;
/** Times to make the directory anew when a session that ends removes it at the same moment. */
const maxAttempts = 5;

/**
 * A directory where files wait until they are complete: private, locked, and on the same file
 * system as the directory that it lies in, so that one rename puts a file in its place.
 *
 * It is looked at once, and held open from then on: whatever stands at its name later is of no
 * account.
 */
export class StagingRoom {
  readonly dir: DirNode;
  /** What an earlier session received and could not finish, unless that was dropped. */
  readonly leftovers: Leftover[];
  /** Those of them that are for the next session, too. */
  readonly #spared = new Set<Leftover>();
  readonly #held: HeldDirs;
  readonly #lock: Lock;
  /** The directory around the room of a part. */
  readonly #around: DirNode | undefined;
  /** Rooms of parts in this one. */
  readonly #parts: ByteString[] = [];
  /** Directories of files that came in ranges, and are not complete. */
  readonly #ranges: ByteString[] = [];
  /** Directories of an earlier session that were not in their places yet. */
  readonly #oldDirs: ByteString[] = [];
  readonly #session = randomBytes(6).toString("hex");
  #count = 0;

  /**
   * @param place the directory that it lies in
   * @param inner the name of a room that lies in that of a whole tree, beside others
   * @throws LOCKED while another session writes here
   */
  constructor(held: HeldDirs, place: DirNode, inner?: ByteString) {
    this.#held = held;
    const { around, dir, lock } = openLocked(held, place, inner);
    this.#around = around;
    this.dir = dir;
    this.#lock = lock;
    this.leftovers = closingOnFailure(
      () => this.#list(),
      () => this.close(),
    );
  }

  /** A new name here for a file of the tree, which tells a later session for which path it was. */
  newName(dir: DirNode, name: ByteString): NameIn {
    const own = `${tagOf(dir, name)}.${this.#session}.${(this.#count++).toString(36)}`;
    return { dir: this.dir, name: own };
  }

  /**
   * Opens a private directory beside the rooms of parts, which may stay when this session ends.
   * Whoever is given it lets it go.
   *
   * @param mayMake false to return undefined where there is none
   */
  openBeside(name: ByteString, mayMake: boolean): DirNode | undefined {
    const around = this.#around ?? this.dir;
    return mayMake || this.#held.look(around, name) ? openPrivate(this.#held, around, name) : undefined;
  }

  /**
   * Removes what earlier sessions left and is not for the next.
   *
   * @param sparesRanges true to leave what came of files in ranges
   */
  removeLeftovers(sparesRanges = false): void {
    const unspared = this.leftovers.filter((leftover) => !this.#spared.has(leftover));
    const files = unspared.map((leftover) => () => removeFile(this.#held, leftover));
    const oldDirs = this.#oldDirs.splice(0);
    const dirs = oldDirs.map((name) => () => removeDir(this.#held, { dir: this.dir, name }));
    const parts = this.#parts.splice(0).map((part) => () => {
      removeDeadStaging(this.#held, this.dir.parent!, { inner: part });
    });
    const ranges = sparesRanges ? [] : this.#ranges.splice(0);
    const rest = ranges.map((name) => () => removeRanges(this.#held, { dir: this.dir, name }));
    doAll([...files, ...dirs, ...parts, ...rest]);
  }

  /** Removes what earlier sessions left, so that nothing is made of it. */
  dropLeftovers(): void {
    this.removeLeftovers();
    this.leftovers.length = 0;
  }

  /** True when something of earlier sessions is for the next. */
  get hasSpared(): boolean {
    return this.#spared.size > 0;
  }

  /** Keeps for the next session what earlier ones left of a path. */
  spareLeftovers(dir: DirNode, name: ByteString): void {
    const tag = tagOf(dir, name);
    for (const leftover of this.leftovers)
      if (leftover.dir === this.dir && leftover.name.startsWith(tag)) this.#spared.add(leftover);
  }

  /** Keeps nothing for the next session. */
  spareNothing(): void {
    this.#spared.clear();
  }

  /** True when an earlier session left something of a path. */
  hasLeftover(dir: DirNode, name: ByteString): boolean {
    if (this.leftovers.length === 0) return false;
    const tag = tagOf(dir, name);
    if (this.leftovers.some((leftover) => leftover.name.startsWith(tag))) return true;
    return this.#oldDirs.length > 0 && this.#hasOldDir(dir);
  }

  #hasOldDir(dir: DirNode): boolean {
    if (!dir.parent) return false;
    const tag = dir.aside && tagOf(dir.parent, dir.name);
    if (tag !== undefined && this.#oldDirs.some((name) => name.startsWith(tag))) return true;
    return this.#hasOldDir(dir.parent);
  }

  /**
   * Unlocks; removes the directory when nothing is left in it. What the system says to that is
   * thrown.
   */
  close(): void {
    const rooms = this.#around ? [this.dir, this.#around] : [this.dir];
    doAll([() => this.#lock.release(), ...rooms.map((dir) => () => leave(this.#held, dir))]);
  }

  #listDir(name: ByteString): Leftover[] {
    this.#oldDirs.push(name);
    const from = new DirNode(this.dir, name);
    const files = [...walk(this.#held, { from })].filter(({ stats }) => stats.kind === "file");
    return files.map(({ dir, name: below, stats: { size, mtimeSec } }) => ({
      dir,
      name: below,
      size,
      mtimeSec,
    }));
  }

  #list(): Leftover[] {
    const leftovers: Leftover[] = [];
    for (const name of this.#held.names(this.dir)) {
      const stats = this.#held.look(this.dir, name);
      if (stats?.kind === "dir" && leftoverNames.test(name)) leftovers.push(...this.#listDir(name));
      if (stats?.kind === "dir" && partRooms.test(name)) this.#parts.push(name);
      if (stats?.kind === "dir" && rangesNames.test(name)) this.#ranges.push(name);
      const { size = 0, mtimeSec = 0 } = stats ?? {};
      const leftover = { dir: this.dir, name, size, mtimeSec };
      if (stats?.kind === "file" && leftoverNames.test(name)) leftovers.push(leftover);
      // A link that waited to be put in its place, and a lock that did.
      else if (isRest(name, stats?.kind)) removeFile(this.#held, leftover);
    }
    return this.#withoutEarlier(leftovers);
  }

  /**
   * Removes all but the largest leftovers of each path. Each session goes on with a copy of what
   * the one before had, so on a line that breaks again and again they would fill the disk.
   */
  #withoutEarlier(leftovers: readonly Leftover[]): Leftover[] {
    const counts = new Map<string, number>();
    return leftovers
      .toSorted((a, b) => b.size - a.size || b.mtimeSec - a.mtimeSec)
      .filter((leftover) => {
        if (leftover.dir !== this.dir) return true;
        const tag = leftover.name.slice(0, tagLength);
        const count = (counts.get(tag) ?? 0) + 1;
        counts.set(tag, count);
        if (count > keptOfOnePath) removeFile(this.#held, leftover);
        return count <= keptOfOnePath;
      });
  }
}

/**
 * Removes what a session that is dead left in a directory. What is in use, or not of this user,
 * stays. Returns true when there were files.
 */
export function removeDeadStaging(
  held: HeldDirs,
  place: DirNode,
  { inner, sparesRanges = false }: { readonly inner?: ByteString; readonly sparesRanges?: boolean } = {},
): boolean {
  if (held.look(place, stagingName)?.kind !== "dir") return false;
  let room: StagingRoom;
  try {
    room = new StagingRoom(held, place, inner);
  } catch (thrown) {
    if (isSyncError(thrown, "LOCKED") || isSyncError(thrown, "PATH")) return false;
    throw thrown;
  }
  closingAfter(
    () => room.removeLeftovers(sparesRanges),
    () => room.close(),
  );
  return room.leftovers.length > 0;
}

function isRest(name: ByteString, kind: string | undefined): boolean {
  if (name.startsWith(`${lockName}.`)) return kind === "file";
  return kind !== "dir" && leftoverNames.test(name);
}

/** What the room of a part such as `2/5` is called. */
export function partRoomName(part: string): ByteString {
  return `part-${part.replace("/", "-")}`;
}

const partRooms = /^part-\d+-\d+$/;

interface LockedRoom {
  readonly around?: DirNode;
  readonly dir: DirNode;
  readonly lock: Lock;
}

function openLocked(held: HeldDirs, place: DirNode, inner: ByteString | undefined): LockedRoom {
  for (let attempt = 1; ; attempt++) {
    try {
      const outer = openPrivate(held, place, stagingName);
      if (inner === undefined) return locked(held, outer);
      const open = (): LockedRoom => locked(held, openPrivate(held, outer, inner));
      return { around: outer, ...closingOnFailure(open, () => leave(held, outer)) };
    } catch (thrown) {
      // A session that ended has removed the directory after it was opened here.
      if (!isErrno(thrown, "ENOENT") || attempt === maxAttempts) throw thrown;
    }
  }
}

function locked(held: HeldDirs, dir: DirNode): LockedRoom {
  const lock = (): Lock => takeLock(held, dir, lockName);
  return { dir, lock: closingOnFailure(lock, () => leave(held, dir)) };
}

/** Lets a directory go, and removes it when nothing is left in it. */
function leave(held: HeldDirs, dir: DirNode): void {
  closingAfter(
    () => removeEmpty(held, dir),
    () => held.letGo(dir),
  );
}

function removeEmpty(held: HeldDirs, dir: DirNode): void {
  const { parent, name } = dir;
  const there = held.look(parent!, name);
  if (!there || !held.isInPlace(dir, there)) return;
  try {
    held.writeIn(parent!, () => fs.rmdirSync(held.at(parent!, name)));
  } catch (thrown) {
    if (!isErrno(thrown, "ENOTEMPTY", "EEXIST", "ENOENT")) throw thrown;
  }
}

function openPrivate(held: HeldDirs, place: DirNode, name: ByteString): DirNode {
  try {
    held.writeIn(place, () => fs.mkdirSync(held.at(place, name), 0o700));
  } catch (thrown) {
    if (!isErrno(thrown, "EEXIST")) throw thrown;
  }
  const dir = hold(held, place, name);
  const check = (): DirNode => {
    if (isPrivate(held, dir, randomBytes(6).toString("hex"))) return dir;
    throw notPrivate(place, name);
  };
  return closingOnFailure(check, () => held.letGo(dir));
}

/**
 * Looks whether something stands in the place of a room, and changes nothing.
 *
 * @throws PATH
 */
export function checkRoomPlace(held: HeldDirs, place: DirNode, { hasOwners }: MountedType): void {
  const there = held.look(place, stagingName);
  if (!there || (there.kind === "dir" && (!hasOwners || isOursAlone(there)))) return;
  throw notPrivate(place, stagingName);
}

function hold(held: HeldDirs, place: DirNode, name: ByteString): DirNode {
  try {
    return held.hold(place, name);
  } catch (thrown) {
    throw isErrno(thrown, "ENOTDIR", "ELOOP") ? notPrivate(place, name, thrown) : thrown;
  }
}

function notPrivate(place: DirNode, name: ByteString, cause?: unknown): SyncError {
  return new SyncError("PATH", "the staging directory is not a private directory of this user", {
    cause,
    detail: { path: printPlace(place, name) },
  });
}

/** What the temporary names for a path begin with. */
function tagOf(dir: DirNode, name: ByteString): string {
  return hashText(name, hashPath(dir)).toString(16).padStart(tagLength, "0");
}

/** The hash of a directory's path with a slash at its end. */
function hashPath(dir: DirNode): number {
  const { parent, name } = dir;
  return (dir.pathHash ??= parent ? hashText(`${name}/`, hashPath(parent)) : hashText("/"));
}
