import { nodeDigests } from "../../../chunk/blake3.node.ts";
import { Pause } from "../../../bytes/pause.node.ts";
import { SyncError, withPath } from "../../../errors.ts";
import type { Entry, Layout, TreeChange } from "../../entry/entry.ts";
import { stagingName } from "../../entry/staging-name.ts";
import { joinPlacements } from "../../stretch.ts";
import type { ReadTargetSubtrees } from "../../subtrees.ts";
import type { ListedChunks, Need, Placement, TargetOptions, TreeTarget } from "../../target.ts";
import { hasAlternatives } from "./alternatives.node.ts";
import { placeBytes, printPath, type PlacePath } from "../calls/byte-string.node.ts";
import { contentAt } from "../calls/content-at.node.ts";
import { type DirNode, printDir, printPlace } from "../calls/dir-node.node.ts";
import { notWhole } from "./extras.node.ts";
import { entryTrouble } from "../calls/file-trouble.node.ts";
import type { RecordedWalk } from "../calls/recorded-walk.node.ts";
import { DiskOldVersions } from "./old-versions.node.ts";
import { syncFileSystem, syncsAll } from "../calls/disk-sync.node.ts";
import { OpenTarget } from "./open-target.node.ts";
import { PlannedFiles } from "./planned-files.node.ts";
import type { Replaced } from "./replacements.node.ts";
import { destinationSubtrees } from "../source/subtrees.node.ts";
import { checkRangeOptions, wholeEntry } from "./ranged-file.node.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import { withFlags } from "./file-flags.node.ts";
import { changeOf, tellAll } from "./tree-change.node.ts";

/**
 * A place in the file system to receive a tree into, with rsync's meaning of the name; it is opened
 * when the first entry comes. Nothing outside it is touched, whatever the entries say and whatever
 * is renamed there meanwhile.
 *
 * Files are built in a private directory `.rsync-stream`, one on each file system, and renamed when
 * complete, so each is the old or the new one at any time. What was received when a session breaks
 * off is used by the next one.
 */
export async function openTreeTarget(place: PlacePath, options: TreeTargetOptions = {}): Promise<TreeTarget> {
  return new DirTarget(place, options);
}

class DirTarget implements TreeTarget {
  readonly isEmpty: boolean;
  readonly digests = nodeDigests;
  readonly takesAnyDigest = true;
  readonly tellsChanges = true;
  readonly old = new DiskOldVersions({
    file: (entry) => this.#opened?.incoming?.get(entry),
    attempt: (entry, work) => this.#attempt(entry, work) as ReturnType<typeof work> | undefined,
    pause: () => this.#pause,
  });
  readonly subtrees: ReadTargetSubtrees | undefined;
  readonly #place: PlacePath;
  readonly #options: TreeTargetOptions;
  readonly #planned = new PlannedFiles();
  #given: TargetOptions | undefined;
  #onChange: ((change: TreeChange) => void) | undefined;
  #pause = new Pause();
  #opened: OpenTarget | undefined;
  /** What is there, from its reading to the first entry. */
  #record: RecordedWalk | undefined;
  /** The call before this one: they share files, a cutter and a buffer, so each waits for it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(place: PlacePath, options: TreeTargetOptions) {
    checkRangeOptions(options);
    this.#place = place;
    this.#options = options;
    this.isEmpty = contentAt(place) === "none" && !hasAlternatives(options);
    const layout = (): Layout => this.#required().layout;
    this.subtrees = destinationSubtrees(place, layout, options, (record) => (this.#record = record));
  }

  async open(options: TargetOptions): Promise<void> {
    this.#given = options;
    this.#onChange = tellAll(options.onChange, this.#options.onChange);
    this.#pause = new Pause(options.signal);
  }

  plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    return this.#inTurn(async () => {
      const needs: Need[] = [];
      let number = first;
      for (const entry of entries) {
        const need = this.#plan(entry, number);
        needs.push((need instanceof Promise ? await need : need) ?? "nothing");
        number += 1;
        if (this.#pause.due()) await this.#pause.take();
      }
      return needs;
    });
  }

  #plan(entry: Entry, number: number): Promise<Need | undefined> | Need | undefined {
    const { planner } = (this.#opened ??= this.#open(entry));
    return this.#attempt(number, () => planner.plan(wholeEntry(entry, this.#options), number));
  }

  place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]> {
    return this.#inTurn(async () => {
      const found: Uint8Array[] = [];
      for (const list of lists) {
        const here = await this.#attempt(list.entry, () => this.#opened?.incoming?.place(list));
        // Nothing needs to be sent of a file that cannot be had.
        found.push(here ?? new Uint8Array(list.sizes.length).fill(1));
      }
      return found;
    });
  }

  write(placements: readonly Placement[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const stretch of joinPlacements(placements)) {
        const writing = this.#attempt(stretch.entry, () => this.#opened?.incomingFiles()?.write(stretch));
        if (writing) await writing;
        if (this.#pause.due()) await this.#pause.take();
      }
    });
  }

  finish(files: readonly { readonly entry: number; readonly size: number }[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const { entry, size } of files) {
        const completing = this.#attempt(entry, () => this.#complete(entry, size));
        if (completing) await completing;
        if (this.#pause.due()) await this.#pause.take();
      }
    });
  }

  abandon(entry: number, reason: SyncError): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#planned.get(entry)) return;
      const path = this.#planned.printPath(entry);
      this.#giveUp(entry, reason.code === "CHANGED");
      this.#required().onTrouble(entry, withPath(reason, path));
    });
  }

  commit(whole: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const opened = this.#opened;
      if (!opened) return;
      const { dirs, extras, held } = opened;
      for (const { path, trouble } of opened.workspace?.newDirs.putAll() ?? []) this.#tell(0, trouble, path);
      await this.#settle(opened.workspace?.replacements.putDirs());
      if (extras && opened.workspace) await this.#syncAll(opened);
      await this.#deleteExtras(opened, whole);
      await this.#settle(opened.workspace?.replacements.putLeaves());
      await this.#linkAll(opened);
      for (const dir of dirs.unset) this.#lookAhead(opened, dir);
      const hasWritten = opened.workspace !== undefined;
      this.#leaveNothing(opened);
      for (const { dir, entry, trouble } of dirs.setMetadata(opened.metadata)) {
        if (trouble !== undefined) this.#tell(entry, trouble, printDir(dir));
        if (this.#pause.due()) await this.#pause.take();
      }
      if (hasWritten) await this.#syncAll(opened);
      if (extras?.refusal) throw extras.refusal;
      if (held.isRootInPlace()) return;
      const detail = { path: printPath(placeBytes(this.#place)) };
      throw new SyncError("CHANGED", "another directory took the place of the destination", { detail });
    });
  }

  /** Gives files that have several names all but their first. */
  async #linkAll(opened: OpenTarget): Promise<void> {
    if (opened.hardLinks?.isWaiting !== true) return;
    for (const { entry, outcome, trouble, ...linked } of opened.hardLinks.link(opened.lock())) {
      if (trouble !== undefined) this.#tell(entry, trouble, printPlace(linked.dir, linked.name));
      else if (outcome !== undefined) this.#onChange?.(changeOf({ ...linked, outcome }));
      if (this.#pause.due()) await this.#pause.take();
    }
    await this.#settle(opened.lock().replacements.putLeaves());
  }

  /** Waits for the medium, where that is asked for. */
  async #syncAll({ held }: OpenTarget): Promise<void> {
    if (syncsAll(this.#options.durability)) await syncFileSystem(held.pathTo(held.root));
  }

  discard(): Promise<void> {
    return this.#inTurn(async () => this.#opened?.makeRoom());
  }

  async close(): Promise<void> {
    await this.#turn.catch(() => undefined);
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.close();
  }

  #complete(entry: number, size: number): Promise<void> | void {
    const onChange = this.#onChange;
    const plan = onChange && this.#planned.get(entry);
    const comparesContent = this.#options.rule?.equality === "content";
    const file = this.#opened?.incoming?.get(entry);
    // Its content was compared, and only the rest is set.
    const hasKept = comparesContent && file?.isOld === true;
    const isSame = hasKept && plan !== undefined && this.#opened!.isAsWanted(plan);
    const completing = this.#opened?.incoming?.complete(entry, size);
    if (!plan || isSame || plan.ranges?.isPart === true) return completing;
    const outcome = hasKept ? "touched" : plan.outcome;
    const tell = (): void => {
      const isWaiting = this.#opened?.workspace?.replacements.isWaiting(entry) === true;
      if (!isWaiting && file?.isLeftOut !== true) onChange(changeOf({ ...plan, kind: "file", outcome }));
    };
    return completing ? completing.then(tell) : tell();
  }

  async #settle(replaced: Iterable<Replaced> = []): Promise<void> {
    for (const { trouble, ...replacement } of replaced) {
      const { dir, name, entry } = replacement;
      if (trouble !== undefined) this.#tell(entry, trouble, printPlace(dir, name));
      else this.#onChange?.(changeOf({ ...replacement, outcome: "replaced", differs: ["kind"] }));
      if (this.#pause.due()) await this.#pause.take();
    }
  }

  async #deleteExtras(opened: OpenTarget, whole: boolean): Promise<void> {
    const { extras } = opened;
    if (!extras) return;
    if (!whole && this.#options.deletesAfterErrors !== true) return this.#required().onTrouble(0, notWhole());
    if (extras.close() > 0 && !this.#lockToDelete(opened)) return;
    if (extras.refusal) return;
    for (const { path, kind = "other", trouble } of extras.delete()) {
      if (trouble) this.#tell(0, trouble, path);
      else {
        this.#required().onDelete?.();
        this.#onChange?.({ change: "deleted", path, kind, size: 0, differs: [] });
      }
      if (this.#pause.due()) await this.#pause.take();
    }
  }

  /** False where the system lets nothing be written, which is told. */
  #lockToDelete(opened: OpenTarget): boolean {
    try {
      opened.lock();
      return true;
    } catch (thrown) {
      this.#tell(0, thrown, stagingName);
      return false;
    }
  }

  /** Finds out how a directory is set, as long as something can be tried there. */
  #lookAhead({ metadata }: OpenTarget, dir: DirNode): void {
    try {
      metadata.in(dir);
    } catch (thrown) {
      this.#tell(0, thrown, printDir(dir));
    }
  }

  #open(first: Entry): OpenTarget {
    const record = this.#record;
    this.#record = undefined;
    return OpenTarget.open(this.#place, first, {
      given: this.#required(),
      options: this.#options,
      planned: this.#planned,
      onChange: this.#onChange,
      pause: this.#pause,
      record,
    });
  }

  /** What fails of it is told once, by its first cause: all else is in place. */
  #leaveNothing(opened: OpenTarget): void {
    try {
      opened.leaveNothing();
    } catch (thrown) {
      this.#tell(0, thrown, stagingName);
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /**
   * Does something for one entry; trouble with it is told, the entry given up, and the others go
   * on. What needs no waiting is done at once: of most files nothing does, and a promise for each
   * step of each would cost as much as its hash.
   */
  #attempt<Result>(
    entry: number,
    work: () => Promise<Result> | Result,
  ): Promise<Result | undefined> | Result | undefined {
    try {
      const result = work();
      return result instanceof Promise
        ? result.catch((thrown: unknown) => this.#drop(entry, thrown))
        : result;
    } catch (thrown) {
      return this.#drop(entry, thrown);
    }
  }

  #drop(entry: number, thrown: unknown): undefined {
    this.#required().signal?.throwIfAborted();
    const path = this.#planned.printPath(entry);
    this.#giveUp(entry);
    this.#tell(entry, thrown, path);
  }

  /** @param mayComeAgain true when what came is of use to the next session */
  #giveUp(entry: number, mayComeAgain = false): void {
    this.#opened?.hardLinks?.fail(entry);
    try {
      this.#opened?.incoming?.abandon(entry, mayComeAgain);
    } catch {
      // The trouble that led here is the one to tell.
    }
  }

  #tell(entry: number, thrown: unknown, path: string): void {
    const trouble = entryTrouble(thrown, path);
    const error = this.#opened ? withFlags(trouble, this.#opened.held.rootPath, path) : trouble;
    // What waits here to be used later is part of why the disk is full.
    if (error.code === "NO_SPACE") this.#opened?.makeRoom();
    // Somebody else's directory in the place of the one for all that is to come.
    const isOfAll = error.code === "PATH" && thrown === this.#opened?.lockFailure;
    if (isOfAll || ["LOCKED", "NO_SPACE", "USAGE"].includes(error.code)) throw error;
    this.#required().onTrouble(entry, error);
  }

  #required(): TargetOptions {
    if (this.#given) return this.#given;
    throw new SyncError("STATE", "a tree target is opened before it is used");
  }
}
