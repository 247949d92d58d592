import fs from "node:fs";
import { doAll } from "../../../bytes/closing.ts";
import { type ChunkRule, ContentSearch, type LikeFiles } from "./content-search.node.ts";
import type { Backups } from "./backups.node.ts";
import { BlockSharing } from "./block-sharing.node.ts";
import type { Identity } from "../calls/identity.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { FileRanges, rangesName } from "./file-ranges.node.ts";
import type { FileRange } from "../../order/file-range.ts";
import { HandleCache } from "../calls/handle-cache.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import type { IncomingTools } from "./incoming-tools.node.ts";
import type { Pause } from "../../../bytes/pause.node.ts";
import { InheritedGroups } from "./inherited-groups.node.ts";
import type { LinkedFiles } from "./linked-files.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import { NewDirs } from "./new-dirs.node.ts";
import { OldFiles } from "./old-files.node.ts";
import { Places } from "./places.node.ts";
import { Replacements } from "./replacements.node.ts";
import { Staging } from "./staging.node.ts";
import type { TempDir } from "./temp-dir.node.ts";

const { O_NOFOLLOW, O_RDWR } = fs.constants;

/**
 * Temporary files open for writing at once: as many as begin and end in one frame, and are too long
 * to be kept in memory.
 */
const maxWritingCount = 128;

interface WorkspaceOptions {
  readonly linkedFiles: LinkedFiles;
  readonly backups: Backups | undefined;
  readonly rule: ChunkRule;
  /** Those that new ones may be like; none for a single file. */
  readonly likeFiles: LikeFiles | undefined;
  readonly mayCutAll: boolean;
  /** True when files that are replaced stay readable until the session ends. */
  readonly keepOld: boolean;
  readonly durable: boolean;
  readonly inPlace: boolean;
  /** Which part of a tree is received, beside others. */
  readonly part: string | undefined;
  readonly fileRange: FileRange | undefined;
  readonly tempDir: TempDir | undefined;
  /** True to use nothing that earlier sessions left. */
  readonly restarts: boolean;
  readonly preallocates: boolean;
  readonly metadata: MetadataSetters;
  readonly pause: Pause;
}

/**
 * What is needed to receive content: it is set up when the first is expected, and locks the
 * destination.
 */
export class Workspace implements IncomingTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly newDirs: NewDirs;
  readonly replacements: Replacements;
  readonly places: Places;
  readonly sharing: BlockSharing;
  readonly search: ContentSearch;
  readonly writing: HandleCache<NameIn>;
  readonly pause: Pause;
  readonly durable: boolean;
  readonly inPlace: boolean;
  readonly preallocates: boolean;
  readonly abandoned: NameIn[] = [];
  readonly unfinished: NameIn[] = [];
  readonly linkedFiles: LinkedFiles;
  readonly backups: Backups | undefined;
  readonly oldFiles: OldFiles | undefined;
  readonly metadata: MetadataSetters;
  readonly groups: InheritedGroups;
  /** Which range of the one file comes; undefined where files come whole. */
  readonly fileRange: FileRange | undefined;
  readonly #ranges: FileRanges[] = [];

  /** @throws LOCKED while another session writes to this destination */
  constructor(held: HeldDirs, options: WorkspaceOptions) {
    const { rule, likeFiles, mayCutAll, keepOld, durable, inPlace, metadata, pause } = options;
    this.linkedFiles = options.linkedFiles;
    this.backups = options.backups;
    this.held = held;
    this.fileRange = options.fileRange;
    this.durable = durable;
    this.inPlace = inPlace;
    this.preallocates = options.preallocates;
    this.metadata = metadata;
    this.pause = pause;
    this.groups = new InheritedGroups(held, metadata, options.tempDir !== undefined);
    this.staging = new Staging(held, options);
    this.newDirs = new NewDirs(held, this.staging, mayMoveDirs(options));
    this.replacements = new Replacements(held, this.staging, this.backups);
    this.places = new Places(held);
    this.sharing = new BlockSharing(this.places);
    this.search = new ContentSearch(this, rule, likeFiles, mayCutAll);
    this.oldFiles = keepOld ? new OldFiles(this) : undefined;
    const closed = new WeakMap<NameIn, Identity>();
    this.writing = new HandleCache<NameIn>(
      maxWritingCount,
      ({ dir, name }) => held.open(dir, name, O_RDWR | O_NOFOLLOW),
      { get: (temp) => closed.get(temp), set: (temp, identify) => void closed.set(temp, identify()) },
    );
  }

  /**
   * Opens what came of a file, or comes, in ranges; undefined where nothing has come and no range
   * comes.
   */
  openRanges({ dir, name, entry }: Pick<PlannedEntry, "dir" | "name" | "entry">): FileRanges | undefined {
    const { fileRange = { offset: 0, size: entry.size, fileBytes: entry.size } } = this;
    const mayMake = this.fileRange !== undefined;
    const shared = this.staging.openShared(dir, rangesName(dir, name, entry), mayMake);
    const ranges = shared && new FileRanges(this.held, shared, fileRange);
    if (ranges) this.#ranges.push(ranges);
    return ranges;
  }

  /** Removes what earlier sessions left, and what this one gave up: it has all it needs. */
  removeLeftovers(): void {
    const given = this.abandoned.splice(0).map((each) => () => this.staging.remove(each));
    doAll([() => this.staging.removeLeftovers(), ...given]);
  }

  /** True when the next session might use something. */
  get hasUnfinished(): boolean {
    return this.unfinished.length > 0 || this.staging.hasSpared;
  }

  /** Makes of what the next session might use what goes with leftovers. */
  giveUpUnfinished(): void {
    this.staging.spareNothing();
    this.abandoned.push(...this.unfinished.splice(0));
  }

  close(): void {
    const putDirs = (): void => void [...this.newDirs.putAll()];
    const ranges = this.#ranges.splice(0).map((each) => () => each.close());
    const rest = [() => this.writing.close(), () => this.places.close(), ...ranges];
    doAll([putDirs, ...rest, () => this.staging.close()]);
  }
}

/**
 * Others who receive parts of the tree look for its directories. Content that is written elsewhere
 * is moved file by file. And on a disk that keeps changes of names in no order, a file could be
 * found in a directory that was moved later.
 */
function mayMoveDirs({ part, tempDir, durable }: WorkspaceOptions): boolean {
  return part === undefined && tempDir === undefined && !durable;
}
