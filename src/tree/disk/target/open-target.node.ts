import { doAll } from "../../../bytes/closing.ts";
import type { Pause } from "../../../bytes/pause.node.ts";
import { sha256Digest } from "../../../chunk/digest.ts";
import type { Entry, TreeChange } from "../../entry/entry.ts";
import { isAsWanted, type Keeping } from "../../plan/comparison.ts";
import type { TargetOptions } from "../../target.ts";
import { AlternativeFiles } from "./alternative-files.node.ts";
import { Alternatives } from "./alternatives.node.ts";
import { Backups } from "./backups.node.ts";
import { toByteString, type PlacePath } from "../calls/byte-string.node.ts";
import { openDestination, type OpenDestination } from "./destination.node.ts";
import { DirNode, type NameIn } from "../calls/dir-node.node.ts";
import { EntryPlanner } from "./entry-planner.node.ts";
import { hasFacts } from "../facts/disk-facts.node.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import { ExpectedPaths } from "../../filter/expected-paths.ts";
import { extrasAt } from "./deletion.node.ts";
import type { Extras } from "./extras.node.ts";
import { HardLinks } from "./hard-links.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { IncomingFiles } from "./incoming-files.node.ts";
import { KeptFacts } from "../facts/kept-facts.node.ts";
import { seeFakes } from "../facts/fake-stat.node.ts";
import { findKeeping, findLinkKeeping } from "../facts/keeping.node.ts";
import { LinkedFiles } from "./linked-files.node.ts";
import { MetadataSetters } from "../facts/metadata-setters.node.ts";
import type { PlannedFile, PlannedFiles } from "./planned-files.node.ts";
import { RemovedSource } from "./removed-source.node.ts";
import { removeDeadStaging } from "./staging-room.node.ts";
import { TargetActions } from "./target-actions.node.ts";
import { TargetDirs } from "./target-dirs.node.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import { changeOf, type Differing } from "./tree-change.node.ts";
import { syncsFiles } from "../calls/disk-sync.node.ts";
import { SharedFiles } from "./shared-files.node.ts";
import { TempDir } from "./temp-dir.node.ts";
import { Volumes } from "./volumes.node.ts";
import { Workspace } from "./workspace.node.ts";
import type { LikeFiles } from "./content-search.node.ts";
import type { RecordedWalk } from "../calls/recorded-walk.node.ts";

/** What a destination is opened with. */
interface OpenTargetTools {
  readonly given: TargetOptions;
  readonly options: TreeTargetOptions;
  readonly planned: PlannedFiles;
  readonly onChange: ((change: TreeChange) => void) | undefined;
  readonly pause: Pause;
  /** What is there below the top entry, where that was found before. */
  readonly record: RecordedWalk | undefined;
}

/**
 * A destination that entries come into, from the first entry on: its directories, the planner of
 * its entries, and the workspace, which is set up when something is to be written and left at the
 * end.
 */
export class OpenTarget {
  readonly held: HeldDirs;
  readonly dirs: TargetDirs;
  readonly planner: EntryPlanner;
  /** Finds what is to be deleted; absent when nothing is. */
  readonly extras: Extras | undefined;
  /** The further names of files; absent where they are not asked for. */
  readonly hardLinks: HardLinks | undefined;
  /** How modes and times are set here. */
  readonly metadata: MetadataSetters;
  readonly #tools: OpenTargetTools;
  readonly #kept: KeptFacts;
  readonly #likeFiles: LikeFiles | undefined;
  readonly #alternatives: Alternatives | undefined;
  readonly #backups: Backups | undefined;
  readonly #tempDir: TempDir | undefined;
  readonly #linkedFiles = new LinkedFiles();
  readonly #removed: RemovedSource | undefined;
  readonly #volumes: Volumes;
  /** Why `lock` failed, if it did. */
  lockFailure: unknown;
  #workspace: Workspace | undefined;
  #incoming: IncomingFiles | undefined;

  /** @throws NOT_FOUND, IO for the place, USAGE for options that make no sense */
  static open(place: PlacePath, first: Entry, tools: OpenTargetTools): OpenTarget {
    const destination = openDestination(place, tools.given.layout, first, tools.options);
    try {
      return new OpenTarget(place, destination, first, tools);
    } catch (thrown) {
      destination.held.close();
      throw thrown;
    }
  }

  private constructor(place: PlacePath, destination: OpenDestination, first: Entry, tools: OpenTargetTools) {
    const { given, options } = tools;
    const { held } = destination;
    this.#tools = tools;
    this.#kept = new KeptFacts(options.keep, options.worldWritable);
    this.held = held;
    this.#volumes = new Volumes(held);
    const temporary = (dir: DirNode): NameIn => this.lock().staging.newName(dir, "");
    this.metadata = new MetadataSetters(
      this.#kept,
      {
        place: (dir) => findKeeping(held, temporary(dir), this.#kept.allowedModeBits),
        links: (dir, { times }) => findLinkKeeping(held, temporary(dir), times),
      },
      options.onUnkept ?? (() => {}),
    );
    this.hardLinks = HardLinks.of(options);
    this.#removed = given.removedSource === undefined ? undefined : new RemovedSource(given.removedSource);
    this.#removed?.checkRoot(held);
    held.keepsAccess = options.keep?.atimes === true;
    seeFakes(held, "receiver", options.keep);
    this.dirs = new TargetDirs(held, options.rule, this.#kept);
    const below = likeDir(destination, first);
    this.#alternatives = Alternatives.of({ held, rootPath: held.rootPath }, options);
    this.#likeFiles = below && {
      below,
      record: tools.record,
      elsewhere: () => this.#alternatives?.dirsFor(below) ?? [],
    };
    this.#backups = Backups.of(held, options);
    this.#tempDir = TempDir.of(held, options);
    const known = { backups: this.#backups, tempDir: this.#tempDir, volumes: this.#volumes };
    this.extras = extrasAt(held, place, given.layout, options, known);
    this.planner = this.#createPlanner(destination);
  }

  /** What is set up to receive content; undefined before that, and after the end. */
  get workspace(): Workspace | undefined {
    return this.#workspace;
  }

  /** The files of which content was received; undefined as long as none can be. */
  get incoming(): IncomingFiles | undefined {
    return this.#incoming;
  }

  /** Keeps other sessions out, and sets up what is needed to receive content. @throws LOCKED */
  lock(): Workspace {
    try {
      return (this.#workspace ??= this.#openWorkspace());
    } catch (thrown) {
      this.lockFailure = thrown;
      throw thrown;
    }
  }

  #lockedFiles(): IncomingFiles {
    this.lock();
    return this.#incoming!;
  }

  /** True for a file that had all that is set beside its content. */
  isAsWanted({ dir, name, there, ...wanted }: PlannedFile): boolean {
    const place = (): FactPlace => this.held.factsAt(dir, name);
    const keeping = this.metadata.keepingIn(dir);
    return (
      there !== undefined &&
      isAsWanted(there, wanted, keeping) &&
      hasFacts(there, wanted.facts, keeping, place)
    );
  }

  /**
   * Returns where content goes that comes though no file could be planned; undefined where it
   * cannot be kept.
   */
  incomingFiles(): IncomingFiles | undefined {
    try {
      if (!this.#incoming) this.lock();
    } catch {
      // Why the entry could not be had was told before.
    }
    return this.#incoming;
  }

  /** Gives up what was received and is in no file yet, and removes it. */
  makeRoom(): void {
    this.#incoming?.discardAll();
    this.#workspace?.giveUpUnfinished();
    this.#workspace?.removeLeftovers();
  }

  /**
   * Removes what is staged, by this session and by dead ones, but for what the next session is to
   * use. All of it is attempted; throws the first failure. A session that was killed may have left
   * files in any directory that no rename led into, and then left others at a top.
   */
  leaveNothing(): void {
    const { dirs, held } = this;
    const hasUnfinished = this.#workspace?.hasUnfinished === true;
    const sparesRanges = this.#tools.options.part !== undefined;
    let wasKilled = this.#workspace?.staging.hadLeftovers === true;
    const removeDead = (dir: DirNode) => (): void => {
      wasKilled = removeDeadStaging(held, dir, { sparesRanges }) || wasKilled;
    };
    doAll([
      () => this.#workspace?.removeLeftovers(),
      () => this.#closeWorkspace(),
      // Nobody holds any more what the next session is to use.
      ...(hasUnfinished ? [] : dirs.tops.map(removeDead)),
      () => !hasUnfinished && this.#tempDir?.removeDead(this.#tools.options.part),
      () => wasKilled && !hasUnfinished && doAll(dirs.all.map(removeDead)),
    ]);
  }

  close(): void {
    doAll([
      () => this.#closeWorkspace(),
      () => this.dirs.restore(),
      () => this.#alternatives?.close(),
      () => this.#backups?.close(),
      () => this.#tempDir?.close(),
      () => this.held.close(),
    ]);
  }

  #createPlanner(destination: OpenDestination): EntryPlanner {
    const { given, onChange } = this.#tools;
    const { metadata } = this;
    const keepingIn = (dir: DirNode): Keeping => metadata.keepingIn(dir);
    const onDone = onChange && ((differing: Differing): void => onChange(changeOf(differing)));
    const { hardLinks = false } = this.#kept.keep;
    // What names share is changed for all of them: which of them belong together is told otherwise.
    const { sparesLinked: sparesAll = false } = this.#tools.options;
    const sparesLinked = sparesAll || hardLinks;
    const sharedFiles = sparesAll ? undefined : new SharedFiles();
    const actions = new TargetActions({
      held: this.held,
      metadata,
      dirs: this.dirs,
      linkedFiles: this.#linkedFiles,
      workspace: () => this.lock(),
      incoming: () => this.#lockedFiles(),
      hardLinks: this.hardLinks,
      alternatives: this.#alternativeFiles(keepingIn, onDone),
      onDone:
        onDone && (({ entry: { kind, size, target }, ...entry }) => onDone({ ...entry, kind, size, target })),
      onReplace: (number, bytes) => given.onReplace?.(number, bytes),
      onMissing: (bytes) => given.onMissing?.(bytes),
      sparesLinked,
      useOld: given.useOld ?? false,
    });
    const { layout } = given;
    const { keepsDirLinks = false, rule } = this.#tools.options;
    const expected = ExpectedPaths.of(this.#tools.options.expected);
    const { extras } = this;
    const tellsChanges = onChange !== undefined;
    // A file that is kept under another name takes the place of what was found there.
    const record = this.#backups ? undefined : this.#tools.record;
    return new EntryPlanner({
      record,
      removed: this.#removed,
      destination,
      layout,
      keepingIn,
      kept: this.#kept,
      rule,
      keepsDirLinks,
      actions,
      tellsChanges,
      sparesLinked,
      sharedFiles,
      extras,
      volumes: this.#volumes,
      expected,
    });
  }

  #alternativeFiles(
    keepingIn: (dir: DirNode) => Keeping,
    onDone: ((differing: Differing) => void) | undefined,
  ): AlternativeFiles | undefined {
    const { given, options } = this.#tools;
    if (!this.#alternatives) return undefined;
    return new AlternativeFiles({
      held: this.held,
      alternatives: this.#alternatives,
      keepingIn,
      rule: options.rule,
      workspace: () => this.lock(),
      incoming: () => this.#lockedFiles(),
      useOld: given.useOld ?? false,
      onDone,
    });
  }

  #openWorkspace(): Workspace {
    const { given, options, pause, planned } = this.#tools;
    const { cutter: spec, digest = sha256Digest, search: mayCutAll, keepOld = false } = given;
    const { durability, fileRange, inPlace = false, part, preallocates = false, restarts = false } = options;
    const workspace = new Workspace(this.held, {
      linkedFiles: this.#linkedFiles,
      backups: this.#backups,
      rule: { spec, digest },
      likeFiles: this.#likeFiles,
      mayCutAll,
      keepOld,
      durable: syncsFiles(durability),
      inPlace,
      part,
      fileRange,
      tempDir: this.#tempDir,
      restarts,
      preallocates,
      metadata: this.metadata,
      pause,
    });
    this.#incoming = new IncomingFiles(workspace, planned);
    return workspace;
  }

  #closeWorkspace(): void {
    const workspace = this.#workspace;
    const incoming = this.#incoming;
    this.#incoming = undefined;
    this.#workspace = undefined;
    doAll([() => incoming?.withdrawAll(), () => workspace?.close()]);
  }
}

/** The directory whose files may be like new ones: what is received, none for a single file. */
function likeDir({ held }: OpenDestination, { kind, name }: Entry): DirNode | undefined {
  if (kind !== "dir") return undefined;
  const byteName = toByteString(name);
  return byteName === "." ? held.root : new DirNode(held.root, byteName);
}
