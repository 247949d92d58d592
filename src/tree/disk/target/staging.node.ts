import { closingAfter, closingOnFailure, doAll } from "../../../bytes/closing.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { DirNode, NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { removeFile } from "../calls/remove-file.node.ts";
import { partRoomName, StagingRoom, type Leftover } from "./staging-room.node.ts";
import type { TempDir } from "./temp-dir.node.ts";

interface StagingOptions {
  /** The part of a tree that is received, beside others. */
  readonly part?: string | undefined;
  /** Where the content of files is written, in place of a room at their file system's top. */
  readonly tempDir?: TempDir | undefined;
  /** True to remove what earlier sessions left before anything is made of it. */
  readonly restarts?: boolean;
}

/**
 * Where the files of a destination wait until they are complete: a room at its top, and one more at
 * the top of each file system below it that files come for, so that each file is built where it is
 * to be.
 */
export class Staging {
  readonly #held: HeldDirs;
  readonly #rooms = new Map<DirNode, StagingRoom>();
  /** Those inside directories that no rename leads into, where something waits for the end. */
  readonly #inside = new Map<DirNode, StagingRoom>();
  readonly #leftovers: Leftover[] = [];
  /** The room elsewhere that the content of files is written in. */
  readonly #elsewhere: StagingRoom | undefined;
  readonly #innerName: ByteString | undefined;
  readonly #restarts: boolean;
  /** True when earlier sessions left something. */
  hadLeftovers = false;

  /** @throws LOCKED while another session writes here */
  constructor(held: HeldDirs, { part, restarts = false, tempDir }: StagingOptions = {}) {
    this.#held = held;
    this.#restarts = restarts;
    this.#innerName = part === undefined ? undefined : partRoomName(part);
    const own = this.#roomFor(held.root);
    this.#elsewhere =
      tempDir &&
      closingOnFailure(
        () => tempDir.openRoom(part),
        () => own.close(),
      );
    if (this.#elsewhere) this.#adopt(this.#elsewhere);
  }

  /**
   * What earlier sessions received and could not finish; more behind the others when another room
   * is opened.
   */
  get leftovers(): readonly Leftover[] {
    return this.#leftovers;
  }

  /**
   * A new name for a file of the tree, from which one rename puts it in its place.
   *
   * @throws LOCKED while another session writes to the file system that the directory is on
   */
  newName(dir: DirNode, name: ByteString): NameIn {
    return this.#roomFor(dir).newName(dir, name);
  }

  /** The same for the content of a file: no rename leads here from where it may be written. */
  contentName(dir: DirNode, name: ByteString): NameIn {
    return (this.#elsewhere ?? this.#roomFor(dir)).newName(dir, name);
  }

  /**
   * Opens a directory that several sessions use, on the file system that one of the tree is on;
   * undefined where there is none and none is made.
   */
  openShared(dir: DirNode, name: ByteString, mayMake: boolean): DirNode | undefined {
    return this.#roomFor(dir).openBeside(name, mayMake);
  }

  /** True when an earlier session left something of this path. */
  hasLeftover(dir: DirNode, name: ByteString): boolean {
    return this.#elsewhere?.hasLeftover(dir, name) === true || this.#roomFor(dir).hasLeftover(dir, name);
  }

  /** True when something that earlier sessions left is for the next. */
  get hasSpared(): boolean {
    return this.#all.some((room) => room.hasSpared);
  }

  /** Keeps for the next session what earlier ones left of this path. */
  spareLeftovers(dir: DirNode, name: ByteString): void {
    for (const room of [this.#elsewhere, this.#rooms.get(dir.top)]) room?.spareLeftovers(dir, name);
  }

  /** Keeps nothing for the next session. */
  spareNothing(): void {
    for (const room of this.#all) room.spareNothing();
  }

  /**
   * Lends a room from which a rename leads into a directory, where none leads there from the one in
   * which something was made: that of its file system, or else one inside it.
   */
  besides<Result>(dir: DirNode, work: (room: StagingRoom) => Result): Result {
    const open = this.#openInside(dir);
    if (open) return work(open);
    if (!this.#elsewhere) return this.#lendInside(dir, work);
    try {
      return work(this.#roomFor(dir));
    } catch (thrown) {
      if (!isErrno(thrown, "EXDEV")) throw thrown;
      return this.#lendInside(dir, work);
    }
  }

  #lendInside<Result>(dir: DirNode, work: (room: StagingRoom) => Result): Result {
    const room = new StagingRoom(this.#held, dir, this.#innerName);
    return closingAfter(
      () => {
        const result = work(room);
        room.removeLeftovers();
        return result;
      },
      () => room.close(),
    );
  }

  /** Returns such a room for what waits: it stays open until the end. */
  inside(dir: DirNode): StagingRoom {
    const open = this.#openInside(dir);
    if (open) return open;
    const room = new StagingRoom(this.#held, dir, this.#innerName);
    this.#inside.set(dir, room);
    return room;
  }

  /** Removes what earlier sessions left. */
  removeLeftovers(): void {
    for (const room of this.#all) room.removeLeftovers();
  }

  remove(place: NameIn): void {
    removeFile(this.#held, place);
  }

  /** Unlocks, and removes what is empty. */
  close(): void {
    const rooms = this.#all;
    this.#rooms.clear();
    this.#inside.clear();
    doAll(rooms.map((room) => () => room.close()));
  }

  #openInside(dir: DirNode): StagingRoom | undefined {
    return dir === dir.top ? this.#roomFor(dir) : this.#inside.get(dir);
  }

  get #all(): StagingRoom[] {
    return [
      ...new Set([
        ...this.#inside.values(),
        ...this.#rooms.values(),
        ...(this.#elsewhere ? [this.#elsewhere] : []),
      ]),
    ];
  }

  #roomFor(dir: DirNode): StagingRoom {
    const known = this.#rooms.get(dir.top);
    if (known) return known;
    const room = new StagingRoom(this.#held, dir.top, this.#innerName);
    this.#adopt(room);
    return room;
  }

  /** Takes in a room, which is from then on that of the file system that it is on. */
  #adopt(room: StagingRoom): void {
    const { top } = room.dir;
    if (!this.#rooms.has(top)) this.#rooms.set(top, room);
    this.hadLeftovers ||= room.leftovers.length > 0;
    if (this.#restarts) room.dropLeftovers();
    this.#leftovers.push(...room.leftovers);
  }
}
