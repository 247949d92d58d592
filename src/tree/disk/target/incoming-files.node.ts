import { closingAfter, doAll } from "../../../bytes/closing.ts";
import { BlockPool } from "../../../bytes/block-pool.ts";
import { idBytes } from "../../../chunk/chunk.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { IncomingFile, unfinishedBytes } from "./incoming-file.node.ts";
import type { FileOrigin, PlannedFile, PlannedFiles } from "./planned-files.node.ts";
import { SpareContent } from "./spare-content.node.ts";
import type { Stretch } from "../../stretch.ts";
import type { ListedChunks } from "../../target.ts";
import type { Differing } from "./tree-change.node.ts";
import type { Workspace } from "./workspace.node.ts";

/** Files up to this are kept in memory until they are completed, so that each is opened once. */
const keptFileBytes = 8 * 1024;
/** Files that wait in memory: bytes and files, at most. */
const maxKeptBytes = 1024 * 1024;
const maxKeptCount = 4096;

/**
 * The files of which some has come, by entry. A file that is not expected, or given up, is passed
 * over; content that comes for it is kept until the session ends, because the sender may count on
 * it for another file.
 */
export class IncomingFiles {
  readonly #workspace: Workspace;
  readonly #planned: PlannedFiles;
  readonly #files = new Map<number, IncomingFile>();
  /** What files hold in memory, copied: what came is not ours. */
  readonly #kept = new Map<IncomingFile, Bytes>();
  readonly #pool = new BlockPool(256 * 1024);
  readonly #spare: SpareContent;
  #keptBytes = 0;

  constructor(workspace: Workspace, planned: PlannedFiles) {
    this.#workspace = workspace;
    this.#planned = planned;
    this.#spare = new SpareContent(workspace);
  }

  /** Notes a file that is to come. */
  expect(planned: PlannedEntry, outcome: Differing["outcome"], origin?: FileOrigin): void {
    this.#planned.add(this.#withGroup(planned, origin), outcome, origin);
    this.#workspace.newDirs.expect(planned.dir);
  }

  /** One that is written into the file that is there keeps the group of that. */
  #withGroup(planned: PlannedEntry, origin: FileOrigin | undefined): PlannedEntry {
    const { groups, inPlace } = this.#workspace;
    const isInto = planned.there?.kind === "file" && (inPlace || origin?.isShared === true);
    return isInto ? planned : { ...planned, entry: groups.withGroup(planned.dir, planned.entry) };
  }

  /** Puts those chunks of a file in place that are here; marks them with 1, all others with 0. */
  async place({ entry, offset, ids, sizes }: ListedChunks): Promise<Uint8Array> {
    const found = new Uint8Array(sizes.length).fill(1);
    const file = this.get(entry);
    if (!file) return found;
    const { pause } = this.#workspace;
    let at = file.plan.ranges ? offset + file.plan.ranges.range.offset : offset;
    for (const [i, size] of sizes.entries()) {
      checkRange(file.plan, at, size);
      const id = ids.subarray(i * idBytes, (i + 1) * idBytes);
      if (!file.matchesOld(at, id, size) && !(await this.#placeKnown(file, at, id, size))) found[i] = 0;
      at += size;
      if (pause.due()) await pause.take();
    }
    return found;
  }

  /**
   * Puts a stretch in its place; a promise when what comes before it in the file has to be copied
   * first.
   */
  write(stretch: Stretch): Promise<void> | void {
    const file = this.get(stretch.entry);
    if (!file) return this.#spare.put(stretch);
    const moved = stretchIn(file.plan, stretch);
    checkRange(file.plan, moved.offset, moved.bytes.length);
    if (!file.isBehind) return this.#write(file, moved);
    return file.catchUp().then(() => this.#write(file, moved));
  }

  /**
   * Gives a file its name; a promise when it is the beginning of its old version, which has to be
   * copied first.
   */
  complete(entry: number, size: number): Promise<void> | void {
    const file = this.get(entry);
    if (!file) return;
    const { ranges, size: fileBytes } = file.plan;
    if (size !== (ranges?.range.size ?? fileBytes))
      throw new SyncError("CHANGED", "a file is not as long as it was announced");
    if (file.takeBasis()) return this.#settleDone(file);
    if (file.isOld || !file.isBehind) return this.#complete(file);
    return file.catchUp().then(() => this.#complete(file));
  }

  /** Gives up a file. @param mayComeAgain true to keep what came for the next session */
  abandon(entry: number, mayComeAgain: boolean): void {
    const plan = this.#planned.get(entry);
    const file = this.#files.get(entry);
    // It may have changed before anything of it came.
    if (plan && mayComeAgain && plan.size >= unfinishedBytes)
      this.#workspace.staging.spareLeftovers(plan.dir, plan.name);
    if (file)
      closingAfter(
        () => file.abandon(mayComeAgain),
        () => doAll([() => file.discard(), () => this.#forget(file)]),
      );
    else if (plan) this.#settle(plan);
  }

  /** Takes their names from files that are not complete. */
  withdrawAll(): void {
    doAll([...this.#files.values()].map((file) => () => file.withdraw()));
  }

  /** Gives up on all files, and on what is kept in memory. */
  discardAll(): void {
    for (const file of this.#files.values()) {
      file.discard();
      this.#forget(file);
    }
  }

  #write(file: IncomingFile, { offset, bytes, placements }: Stretch): void {
    const { known } = this.#workspace.search;
    for (const { chunk, offset: at } of placements) known.addReceived(chunk.id, chunk.bytes, file.place, at);
    if (bytes.length === file.plan.size && file.isUnseen) return file.putWhole(bytes);
    if (bytes.length < file.plan.size || bytes.length > keptFileBytes) return file.put(offset, bytes);
    const copy = this.#pool.take(bytes.length);
    copy.set(bytes);
    file.keep(copy);
    this.#kept.set(file, copy);
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > maxKeptBytes || this.#kept.size > maxKeptCount) this.#spill();
  }

  #complete(file: IncomingFile): void {
    file.complete();
    this.#settleDone(file);
  }

  #settleDone(file: IncomingFile): void {
    const { ranges } = file.plan;
    if (ranges?.isPart === false) ranges.settleWhole();
    this.#forget(file);
  }

  /** The file of an entry, which begins with that; undefined for one that is not expected. */
  get(entry: number): IncomingFile | undefined {
    const known = this.#files.get(entry);
    if (known) return known;
    const plan = this.#planned.get(entry);
    if (!plan) return undefined;
    const file = this.#begin(plan);
    this.#files.set(entry, file);
    return file;
  }

  #begin(plan: PlannedFile): IncomingFile {
    const { places, search } = this.#workspace;
    const { basis, dir, name, size, there } = plan;
    const old = basis ?? (there?.kind === "file" ? { dir, name, there } : undefined);
    const references = old
      ? [search.refer(places.add(old.dir, old.name, old.there.size), old.there.size)]
      : search.findLike(plan);
    return new IncomingFile(this.#workspace, plan, places.add(dir, name, size), references);
  }

  async #placeKnown(file: IncomingFile, offset: number, id: Bytes, size: number): Promise<boolean> {
    const { search } = this.#workspace;
    const found = await search.find(file, id, size);
    if (!found) return false;
    const { at, bytes } = found;
    if (file.isBehind) await file.catchUp();
    file.put(offset, bytes, at);
    search.known.addReceived(id, bytes, file.place, offset);
    return true;
  }

  #spill(): void {
    for (const file of [...this.#kept.keys()]) {
      file.spill();
      this.#letGo(file);
    }
  }

  #letGo(file: IncomingFile): void {
    const copy = this.#kept.get(file);
    if (!copy) return;
    this.#kept.delete(file);
    this.#keptBytes -= copy.length;
    this.#pool.give(copy);
  }

  #forget(file: IncomingFile): void {
    this.#files.delete(file.plan.entry);
    this.#settle(file.plan);
    this.#letGo(file);
    for (const reference of file.references) this.#workspace.places.release(reference.place);
  }

  #settle({ entry, dir }: PlannedFile): void {
    this.#planned.delete(entry);
    this.#workspace.newDirs.settle(dir);
  }
}

function checkRange({ ranges, size }: PlannedFile, offset: number, length: number): void {
  const end = ranges ? ranges.range.offset + ranges.range.size : size;
  if (offset + length <= end && length > 0) return;
  throw new SyncError("CHANGED", "a file is longer than it was announced");
}

/** A stretch at its place in the file, of which a range comes. */
function stretchIn({ ranges }: PlannedFile, stretch: Stretch): Stretch {
  if (!ranges?.isPart) return stretch;
  const start = ranges.range.offset;
  const placements = stretch.placements.map(({ offset, ...rest }) => ({ ...rest, offset: start + offset }));
  return { ...stretch, offset: start + stretch.offset, placements };
}
