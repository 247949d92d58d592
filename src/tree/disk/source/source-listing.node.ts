import { Pause } from "../../../bytes/pause.node.ts";
import { SyncError, withPath } from "../../../errors.ts";
import type { Entry, EntryDraft, Layout } from "../../entry/entry.ts";
import type { Facts } from "../../entry/facts.ts";
import { stagingName } from "../../entry/staging-name.ts";
import type { Subtree } from "../../entry/subtree-digests.ts";
import { type Keep, plainKeep } from "../../plan/keep.ts";
import { unmungeLink } from "../../plan/munged-link.ts";
import type { Order } from "../../order/order.ts";
import type { TreeFilter } from "../../filter/tree-filter.ts";
import type { SourceEntry, SourceOptions } from "../../source.ts";
import type { ReadSubtreesOptions, SourceSubtrees } from "../../subtrees.ts";
import type { Bytes } from "../../../types.ts";
import { fromByteString, type ByteString } from "../calls/byte-string.node.ts";
import { pathBelow, printPlace, type DirNode } from "../calls/dir-node.node.ts";
import { DigestFacts, isTellable } from "../facts/digest-facts.node.ts";
import { DirFilters } from "./dir-filters.node.ts";
import { ChosenPaths } from "./chosen-paths.node.ts";
import { FactReader } from "../facts/fact-reader.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { entryTrouble } from "../calls/file-trouble.node.ts";
import { FollowedLinks, type FollowOptions } from "./followed-links.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { LinkNumbers } from "../facts/link-numbers.node.ts";
import { SentFiles } from "./sent-files.node.ts";
import type { SourceFile } from "./source-file.node.ts";
import { RecordedWalk } from "../calls/recorded-walk.node.ts";
import { aboveIn, isReadWhole, readSubtrees } from "./subtrees.node.ts";
import { withoutEmptyDirs } from "./without-empty-dirs.node.ts";
import { walk, type Found, type WalkOptions } from "../calls/walk.node.ts";

/** Entries in one batch, at most. */
const batchCount = 1024;

/**
 * Where a listing starts: in a directory that has a name in the tree, or at one name in a
 * directory.
 */
export interface ListingStart {
  readonly held: HeldDirs;
  /** The directory that paths begin in. */
  readonly place: ByteString;
  readonly layout: Layout;
  readonly name: ByteString;
  readonly isDir: boolean;
}

/** What of a tree is listed. */
export interface ListingOptions
  extends
    FollowOptions,
    Pick<
      Order,
      | "flatDirs"
      | "keep"
      | "omitsMountPoints"
      | "oneFileSystem"
      | "paths"
      | "prunesEmptyDirs"
      | "removesSourceFiles"
    > {
  /** Leaves out what its rules for senders exclude. */
  readonly filter?: TreeFilter | undefined;
}

/** Lists a tree of the file system, and tells its directories by their digests. */
export class SourceListing {
  readonly #start: ListingStart;
  readonly #options: ListingOptions;
  readonly #tellers: Tellers;
  readonly #skip: NonNullable<WalkOptions["skip"]>;
  readonly #chosen: ChosenPaths | undefined;
  readonly #links: FollowedLinks | undefined;
  readonly #sent: SentFiles | undefined;
  readonly #filters: DirFilters | undefined;
  /** What comes before the paths of what is in the top directory. */
  readonly #above: NonNullable<WalkOptions["above"]>;
  /** All that is below the top, where that was read already. */
  #recorded: RecordedWalk | undefined;

  constructor(start: ListingStart, options: ListingOptions) {
    const { filter, flatDirs = false, keep = plainKeep, paths } = options;
    this.#options = options;
    this.#start = start;
    if (options.removesSourceFiles === true) this.#sent = new SentFiles(start.held);
    this.#chosen = paths && new ChosenPaths(paths, flatDirs);
    const { copyDirLinks = false, copyLinks = false, copyUnsafeLinks = false } = options;
    if (copyDirLinks || copyLinks || copyUnsafeLinks)
      this.#links = new FollowedLinks(start.held, options, start.isDir && start.layout === "named" ? 1 : 0);
    const numbers = keep.hardLinks === true ? new LinkNumbers() : undefined;
    this.#tellers = { facts: new FactReader(keep), keep, numbers };
    this.#filters = filter && filtersAt(start, filter);
    this.#above = aboveIn(start.layout, start.name);
    const filters = this.#filters;
    const device =
      options.omitsMountPoints === true ? start.held.lookAtDir(start.held.root).device : undefined;
    this.#skip = (dir, name, { device: own, kind }) => {
      if (kind === "dir" && device !== undefined && own !== device) return true;
      if (this.#chosen?.see(dir, name, kind === "dir") === false) return true;
      return name === stagingName || (filters?.of(dir).excludes(name, kind === "dir") ?? false);
    };
  }

  get subtrees(): SourceSubtrees | undefined {
    const { isDir, name } = this.#start;
    if (!isDir || this.#isNothing || this.#isPartial || !isTellable(this.#tellers.keep)) return undefined;
    return { topName: fromByteString(name), read: (options) => this.#readSubtrees(options) };
  }

  async *entries(options: SourceOptions): AsyncGenerator<readonly SourceEntry<SourceFile>[]> {
    const { onTrouble, signal } = options;
    const pause = new Pause(signal);
    let batch: SourceEntry<SourceFile>[] = [];
    for (const found of this.#findAll(options)) {
      const listed = describe(this.#start, found, this.#tellers, onTrouble);
      if (listed) batch.push(this.#isImplied(found) ? implied(listed) : listed);
      if (listed && isRemovable(listed.entry)) this.#sent?.add(listed.file);
      const isDue = pause.due();
      if (!isDue && batch.length < batchCount) continue;
      if (batch.length > 0) yield batch;
      batch = [];
      if (isDue) await pause.take();
    }
    if (batch.length > 0) yield batch;
  }

  /** True for the root when it is sent for some of what is in it. */
  #isImplied({ depth }: Found): boolean {
    return depth === 0 && this.#chosen !== undefined && this.#start.layout === "contents";
  }

  /** Removes the files and links that were listed, as far as they are the same. */
  async removeSent(onTrouble: (error: SyncError) => void): Promise<void> {
    await this.#sent?.remove(new Pause(), onTrouble);
  }

  async #readSubtrees(options: ReadSubtreesOptions): Promise<readonly Subtree[] | undefined> {
    const { held } = this.#start;
    const record = new RecordedWalk();
    const facts = new DigestFacts(this.#tellers.keep);
    const below = { top: held.root, above: this.#above, skip: this.#skip, facts, record };
    const subtrees = await readSubtrees(held, below, options);
    // What could not be read is told when it is listed.
    if (subtrees && isReadWhole(subtrees) && record.isWhole) this.#recorded = record;
    return subtrees;
  }

  /** True where directories are not sent as they are. */
  get #isPartial(): boolean {
    if (this.#sent) return true; // each of its files has to be known
    const { flatDirs, omitsMountPoints, oneFileSystem, prunesEmptyDirs } = this.#options;
    const isLessSent = [flatDirs, omitsMountPoints, oneFileSystem, prunesEmptyDirs].includes(true);
    return isLessSent || this.#chosen !== undefined || this.#links !== undefined;
  }

  /** True when the top entry itself is left out. */
  get #isNothing(): boolean {
    const { isDir, layout, name } = this.#start;
    return layout === "named" && this.#filters?.top.excludes(name, isDir) === true;
  }

  /** The top entry, at depth 0, and what is below it. */
  *#findAll({ isComplete = () => false, onTrouble }: SourceOptions): Generator<Found> {
    const { held, isDir, name } = this.#start;
    const behind = isDir ? undefined : this.#links?.lookBehind(held.root, name);
    const stats = behind ?? (isDir ? held.lookAtDir(held.root) : held.look(held.root, name));
    if (!stats)
      throw new SyncError("VANISHED", "a file is gone", { detail: { path: printPlace(held.root, name) } });
    if (this.#isNothing) return;
    const isClosed = isDir && isComplete("");
    yield { dir: held.root, name, depth: 0, stats, isClosed, isBehindLink: behind !== undefined };
    if (!isDir || isClosed || (this.#options.flatDirs === true && this.#start.layout === "named")) return;
    const passBelow = (dir: DirNode, below: ByteString): boolean => isComplete(placeIn(dir, below));
    const recorded = this.#recorded;
    this.#recorded = undefined;
    const below = recorded
      ? recorded.without(passBelow)
      : walk(held, {
          above: this.#above,
          skip: this.#skip,
          passBelow,
          ...this.#ways(),
          ...(onTrouble && { onTrouble }),
        });
    const found = this.#withoutNeedless(below);
    for (const each of found) yield { ...each, depth: each.depth + 1 };
    for (const trouble of this.#chosen?.missing() ?? []) onTrouble?.(trouble);
  }

  #withoutNeedless(below: Iterable<Found>): Iterable<Found> {
    const chosen = this.#chosen;
    if (this.#options.prunesEmptyDirs === true) return withoutEmptyDirs(below);
    return chosen ? withoutEmptyDirs(below, ({ dir, name }) => chosen.isOnTheWay(dir, name)) : below;
  }

  /** Where the walk does not go, and where it goes though a link stands there. */
  #ways(): WalkOptions {
    const { flatDirs = false, oneFileSystem = false } = this.#options;
    const chosen = this.#chosen;
    const links = this.#links;
    const { held } = this.#start;
    const device = oneFileSystem ? held.lookAtDir(held.root).device : undefined;
    const isEnd = (dir: DirNode, name: ByteString, stats: FileStats): boolean =>
      (oneFileSystem && stats.device !== device) || (chosen ? chosen.endsAt(dir, name) : flatDirs);
    return {
      ...((flatDirs || oneFileSystem) && { endAt: isEnd }),
      ...(chosen && { passOver: (dir, name) => chosen.excludes(dir, name) }),
      ...(links && { lookBehind: (dir, name) => links.lookBehind(dir, name) }),
    };
  }
}

function filtersAt({ held, isDir, layout, name, place }: ListingStart, filter: TreeFilter): DirFilters {
  const root = isDir && layout === "named" ? { name } : layout;
  return new DirFilters(filter, held, { side: "sender", place, root });
}

/** A receiver may leave other kinds out. */
function isRemovable({ kind }: Entry): boolean {
  return kind === "file" || kind === "symlink";
}

function implied({ entry, file }: SourceEntry<SourceFile>): SourceEntry<SourceFile> {
  return { entry: { ...entry, isImplied: true }, file };
}

/** The path of a name in a directory, from the root. */
function placeIn(dir: DirNode, name: ByteString): ByteString {
  return `${pathBelow(dir)}/${name}`.slice(1);
}

/** What tells more of entries than their names, modes and times. */
interface Tellers {
  readonly facts: FactReader;
  readonly keep: Keep;
  readonly numbers: LinkNumbers | undefined;
}

function describe(
  { held }: ListingStart,
  found: Found,
  { facts: reader, keep, numbers }: Tellers,
  onTrouble: SourceOptions["onTrouble"],
): SourceEntry<SourceFile> | undefined {
  const { dir, name, depth, stats, isBehindLink = false, isClosed = false, isEnd = false } = found;
  try {
    const { ctimeNsec, ctimeSec, inode, kind, mode, mtimeSec, mtimeNsec } = stats;
    if (kind === "other") throw new SyncError("UNSUPPORTED", "a file of an unknown kind is not sent");
    const size = kind === "file" ? stats.size : 0;
    const link = numbers?.of(stats);
    const facts = reader.readsNothing ? undefined : readFacts(reader, held, found, onTrouble);
    const entry: EntryDraft = { depth, name: fromByteString(name), kind, size, mode, mtimeSec, mtimeNsec };
    if (isClosed) entry.isComplete = true;
    if (isEnd) entry.isUnlisted = true;
    if (stats.rdev) entry.rdev = stats.rdev;
    if (link !== undefined) entry.link = link;
    if (facts) entry.facts = facts;
    if (kind === "symlink") entry.target = readTarget(held, found, keep);
    const file = { dir, name, size, mtimeSec, mtimeNsec, inode, ctimeSec, ctimeNsec, isBehindLink };
    return { entry, file };
  } catch (thrown) {
    onTrouble?.(entryTrouble(thrown, printPlace(dir, name)));
    return undefined;
  }
}

function readFacts(
  reader: FactReader,
  held: HeldDirs,
  { dir, name, stats, isBehindLink }: Found,
  onTrouble: SourceOptions["onTrouble"],
): Facts | undefined {
  return reader.read(
    stats,
    () => held.factsAt(dir, name, isBehindLink),
    (error) => onTrouble?.(withPath(error, printPlace(dir, name))),
  );
}

/** What a link holds, as it is told. */
function readTarget(held: HeldDirs, { dir, name }: Found, { munging }: Keep): Bytes {
  const stored = held.readLink(dir, name);
  return munging === "sender" ? unmungeLink(stored) : stored;
}
