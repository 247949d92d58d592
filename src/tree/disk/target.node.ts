import { doAll } from "../../bytes/closing.ts";
import { nodeDigests } from "../../chunk/blake3.node.ts";
import { sha256Digest } from "../../chunk/digest.ts";
import { isSyncError, SyncError, withPath } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { placeBytes, printPath, toByteString, type PlacePath } from "./byte-string.node.ts";
import { type Keeping, modeMask } from "../plan/comparison.ts";
import { openDestination, type OpenDestination } from "./destination.node.ts";
import { EntryPlanner } from "./entry-planner.node.ts";
import { Extras, notWhole } from "./extras.node.ts";
import { entryTrouble } from "./file-trouble.node.ts";
import { pathBelow, printPlace, DirNode } from "./dir-node.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import { IncomingFiles } from "./incoming-files.node.ts";
import { Pause } from "../../bytes/pause.node.ts";
import { supposedKeeping } from "./keeping.node.ts";
import { MetadataSetter } from "./metadata.node.ts";
import { PlannedFiles } from "./planned-files.node.ts";
import { stagingName } from "../entry/staging-name.ts";
import { removeDeadStaging } from "./staging-room.node.ts";
import type { Replaced } from "./replacements.node.ts";
import { joinPlacements } from "../stretch.ts";
import { changeOf, tellAll } from "./tree-change.node.ts";
import { TargetActions } from "./target-actions.node.ts";
import { TargetDirs } from "./target-dirs.node.ts";
import type { Entry, TreeChange } from "../entry/entry.ts";
import type { Need, Placement, TargetOptions, TreeTarget } from "../target.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import { Workspace } from "./workspace.node.ts";

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
  readonly digests = nodeDigests;
  readonly tellsChanges = true;
  readonly #place: PlacePath;
  readonly #options: TreeTargetOptions;
  readonly #planned = new PlannedFiles();
  #given: TargetOptions | undefined;
  #onChange: ((change: TreeChange) => void) | undefined;
  #pause = new Pause();
  #destination: OpenDestination | undefined;
  #dirs: TargetDirs | undefined;
  #planner: EntryPlanner | undefined;
  #workspace: Workspace | undefined;
  #incoming: IncomingFiles | undefined;
  #extras: Extras | undefined;
  #metadata: MetadataSetter | undefined;
  #likeFrom: DirNode | undefined;
  /** The call before this one: they share files, a cutter and a buffer, so each waits for it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(place: PlacePath, options: TreeTargetOptions) {
    this.#place = place;
    this.#options = options;
  }

  async open(options: TargetOptions): Promise<void> {
    this.#given = options;
    this.#onChange = tellAll(options.onChange, this.#options.onChange);
    this.#pause = new Pause(options.signal);
  }

  plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    return this.#inTurn(async () => {
      const needs: Need[] = [];
      for (const [i, entry] of entries.entries()) {
        const planner = (this.#planner ??= this.#begin(entry));
        const need = this.#attempt(first + i, () => planner.plan(entry, first + i));
        needs.push((need instanceof Promise ? await need : need) ?? "nothing");
        if (this.#pause.due()) await this.#pause.take();
      }
      return needs;
    });
  }

  place(entry: number, offset: number, ids: Bytes, sizes: readonly number[]): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const found = await this.#attempt(entry, () => this.#incoming?.place(entry, offset, ids, sizes));
      // Nothing needs to be sent of a file that cannot be had.
      return found ?? new Uint8Array(sizes.length).fill(1);
    });
  }

  write(placements: readonly Placement[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const stretch of joinPlacements(placements)) {
        const writing = this.#attempt(stretch.entry, () => this.#incomingFiles()?.write(stretch));
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
      this.#giveUp(entry);
      this.#required().onTrouble(entry, withPath(reason, path));
    });
  }

  commit(whole: boolean): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#destination || !this.#dirs) return;
      await this.#settle(this.#workspace?.replacements.putDirs());
      if (this.#extras) await this.#deleteExtras(this.#extras, whole);
      await this.#settle(this.#workspace?.replacements.putLeaves());
      if (this.#dirs.isUnset) this.#setter();
      this.#leaveNothing(this.#destination.held, this.#dirs);
      for (const { dir, entry, trouble } of this.#dirs.dress(this.#metadata ?? this.#supposedSetter())) {
        if (trouble !== undefined) this.#tell(entry, trouble, pathBelow(dir).slice(1));
        if (this.#pause.due()) await this.#pause.take();
      }
      if (whole && this.#extras?.refusal) throw this.#extras.refusal;
      if (this.#destination.held.isRootInPlace()) return;
      const detail = { path: printPath(placeBytes(this.#place)) };
      throw new SyncError("CHANGED", "another directory took the place of the destination", { detail });
    });
  }

  discard(): Promise<void> {
    return this.#inTurn(async () => this.#makeRoom());
  }

  async close(): Promise<void> {
    await this.#turn.catch(() => undefined);
    const held = this.#destination?.held;
    this.#destination = undefined;
    doAll([() => this.#closeWorkspace(), () => this.#dirs?.restore(), () => held?.close()]);
  }

  #complete(entry: number, size: number): Promise<void> | void {
    const onChange = this.#onChange;
    const plan = onChange && this.#planned.get(entry);
    const completing = this.#incoming?.complete(entry, size);
    if (!plan) return completing;
    const tell = (): void => {
      if (this.#workspace?.replacements.isWaiting(entry) !== true)
        onChange(changeOf({ ...plan, kind: "file" }));
    };
    return completing ? completing.then(tell) : tell();
  }

  async #settle(replaced: Iterable<Replaced> = []): Promise<void> {
    for (const { trouble, ...replacement } of replaced) {
      const { dir, name, entry } = replacement;
      if (trouble !== undefined) this.#tell(entry, trouble, printPlace(dir, name));
      else this.#onChange?.(changeOf({ ...replacement, outcome: "replaced" }));
      if (this.#pause.due()) await this.#pause.take();
    }
  }

  async #deleteExtras(extras: Extras, whole: boolean): Promise<void> {
    if (!whole) return this.#required().onTrouble(0, notWhole());
    if (extras.close() > 0) this.#lock();
    if (extras.refusal) return;
    for (const { path, kind = "other", trouble } of extras.delete()) {
      if (trouble) this.#tell(0, trouble, path);
      else {
        this.#required().onDelete?.();
        this.#onChange?.({ change: "deleted", path, kind, size: 0 });
      }
      if (this.#pause.due()) await this.#pause.take();
    }
  }

  #begin(first: Entry): EntryPlanner {
    const { layout } = this.#required();
    const destination = openDestination(this.#place, layout, first, this.#options.follow ?? true);
    this.#destination = destination;
    const { held } = destination;
    this.#dirs = new TargetDirs(held);
    this.#likeFrom = likeDir(destination, first);
    const { maxDeletedCount, protect } = this.#options;
    const onChange = this.#onChange;
    if (maxDeletedCount !== undefined) this.#extras = new Extras(held, maxDeletedCount, protect);
    const metadata = (): MetadataSetter => this.#setter();
    const keeping: Keeping = {
      get modeBits() {
        return metadata().keeping.modeBits;
      },
      get timeUnitNsec() {
        return metadata().keeping.timeUnitNsec;
      },
    };
    const actions = new TargetActions({
      held,
      metadata,
      dirs: this.#dirs,
      files: this.#planned,
      workspace: () => this.#lock(),
      onDone:
        onChange &&
        (({ entry: { kind, size }, ...planned }) => onChange(changeOf({ kind, size, ...planned }))),
      onReplace: (number, bytes) => this.#required().onReplace?.(number, bytes),
    });
    return new EntryPlanner({ destination, layout, keeping, actions, extras: this.#extras });
  }

  /** Keeps other sessions out, and sets up what is needed to receive content. @throws LOCKED */
  #lock(): Workspace {
    return (this.#workspace ??= this.#openWorkspace(this.#destination!));
  }

  #openWorkspace({ held }: OpenDestination): Workspace {
    const { cutter: spec, digest = sha256Digest, search: mayCutAll, keepOld = false } = this.#required();
    const { durable = false, onUnkept = () => {} } = this.#options;
    const workspace = new Workspace(held, {
      rule: { spec, digest },
      likeFrom: this.#likeFrom,
      mayCutAll,
      keepOld,
      durable,
      allowedModeBits: this.#allowedModeBits,
      onUnkept,
      pause: this.#pause,
    });
    this.#metadata = workspace.metadata;
    this.#incoming = new IncomingFiles(workspace, this.#planned);
    return workspace;
  }

  /**
   * How modes and times are set here. That is found out by a temporary file when the first differs,
   * and supposed where none can be made.
   */
  #setter(): MetadataSetter {
    if (this.#metadata) return this.#metadata;
    try {
      return this.#lock().metadata;
    } catch (thrown) {
      if (isSyncError(thrown, "LOCKED")) throw thrown;
      return this.#supposedSetter();
    }
  }

  #supposedSetter(): MetadataSetter {
    return (this.#metadata = new MetadataSetter(
      supposedKeeping(this.#allowedModeBits),
      this.#options.onUnkept,
    ));
  }

  get #allowedModeBits(): number {
    return (this.#options.worldWritable ?? true) ? modeMask : modeMask & ~0o002;
  }

  /** Content may come though no file could be planned. Then it is kept, if that is possible. */
  #incomingFiles(): IncomingFiles | undefined {
    try {
      if (!this.#incoming) this.#lock();
    } catch {
      // Why the entry could not be had was told before.
    }
    return this.#incoming;
  }

  #closeWorkspace(): void {
    const workspace = this.#workspace;
    this.#incoming = undefined;
    this.#workspace = undefined;
    workspace?.close();
  }

  /**
   * Removes what is staged, by this session and by dead ones. What fails is told once, by its first
   * cause: all else is in place. One that was killed may have left files in any directory that no
   * rename led into, and then left others at a top.
   */
  #leaveNothing(held: HeldDirs, dirs: TargetDirs): void {
    let wasKilled = (this.#workspace?.staging.leftovers.length ?? 0) > 0;
    const removeDead = (dir: DirNode) => (): void => {
      wasKilled = removeDeadStaging(held, dir) || wasKilled;
    };
    try {
      doAll([
        () => this.#workspace?.removeLeftovers(),
        () => this.#closeWorkspace(),
        ...dirs.tops.map(removeDead),
        () => wasKilled && doAll(dirs.all.map(removeDead)),
      ]);
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

  #giveUp(entry: number): void {
    try {
      this.#incoming?.abandon(entry);
    } catch {
      // The trouble that led here is the one to tell.
    }
  }

  #tell(entry: number, thrown: unknown, path: string): void {
    const error = entryTrouble(thrown, path);
    if (error.code === "NO_SPACE") this.#makeRoom();
    if (error.code === "NO_SPACE" || error.code === "LOCKED") throw error;
    this.#required().onTrouble(entry, error);
  }

  /** What waits here to be used later is part of why the disk is full. */
  #makeRoom(): void {
    this.#incoming?.discardAll();
    this.#workspace?.removeLeftovers();
  }

  #required(): TargetOptions {
    if (this.#given) return this.#given;
    throw new SyncError("STATE", "a tree target is opened before it is used");
  }
}

/** The directory whose files may be like new ones: what is received, none for a single file. */
function likeDir({ held }: OpenDestination, { kind, name }: Entry): DirNode | undefined {
  if (kind !== "dir") return undefined;
  const byteName = toByteString(name);
  return byteName === "." ? held.root : new DirNode(held.root, byteName);
}
