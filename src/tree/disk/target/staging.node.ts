import { closingAfter, doAll } from "../../../bytes/closing.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { DirNode, NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { removeFile } from "../calls/remove-file.node.ts";
import { StagingRoom, type Leftover } from "./staging-room.node.ts";

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
  readonly #part: string | undefined;

  /**
   * @param part the part of a tree that is received, beside others
   * @throws LOCKED while another session writes here
   */
  constructor(held: HeldDirs, part?: string) {
    this.#held = held;
    this.#part = part;
    this.#roomFor(held.root);
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

  /** True when an earlier session left something of this path. */
  hasLeftover(dir: DirNode, name: ByteString): boolean {
    return this.#roomFor(dir).hasLeftover(dir, name);
  }

  /**
   * Lends a room inside a directory, for one that no rename leads into from the room that it ought
   * to have.
   */
  besides<Result>(dir: DirNode, work: (room: StagingRoom) => Result): Result {
    const open = this.#openInside(dir);
    if (open) return work(open);
    const room = new StagingRoom(this.#held, dir, this.#part);
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
    const room = new StagingRoom(this.#held, dir, this.#part);
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
    return [...this.#inside.values(), ...this.#rooms.values()];
  }

  #roomFor(dir: DirNode): StagingRoom {
    const known = this.#rooms.get(dir.top);
    if (known) return known;
    const room = new StagingRoom(this.#held, dir.top, this.#part);
    this.#rooms.set(dir.top, room);
    this.#leftovers.push(...room.leftovers);
    return room;
  }
}
