import { Pause } from "../../../bytes/pause.node.ts";
import { nodeDigests } from "../../../chunk/blake3.node.ts";
import { SyncError, withPath } from "../../../errors.ts";
import { placeBytes, type PlacePath } from "../calls/byte-string.node.ts";
import { compareEntry, keepsAll, type Keeping } from "../../plan/comparison.ts";
import { comparedFacts } from "../../plan/differences.ts";
import { oldVersionOf } from "../../plan/old-version.ts";
import { Alternatives, type AlternativeOptions, hasAlternatives } from "./alternatives.node.ts";
import { Backups } from "./backups.node.ts";
import { HardLinks } from "./hard-links.node.ts";
import { KeptFacts } from "../facts/kept-facts.node.ts";
import { seeFakes } from "../facts/fake-stat.node.ts";
import { ForeseenChanges, type PlannedLink } from "./foreseen-changes.node.ts";
import { ForeseenKeeping } from "./foreseen-keeping.node.ts";
import { ForeseenRefusals } from "./foreseen-refusals.node.ts";
import { absentPath, findDestination, type Destination } from "./destination.node.ts";
import { EntryPlanner, type EntryActions, notHeld, type PlannedEntry } from "./entry-planner.node.ts";
import { type DeletionOptions, extrasAt } from "./deletion.node.ts";
import { type Extras, notWhole } from "./extras.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import { printPlace, DirNode } from "../calls/dir-node.node.ts";
import { destinationSubtrees } from "../source/subtrees.node.ts";
import { tellAll } from "./tree-change.node.ts";
import { inTheWay } from "./replacements.node.ts";
import { isShut } from "./target-dirs.node.ts";
import type { Entry, Layout, TreeChange } from "../../entry/entry.ts";
import type { RecordedWalk } from "../calls/recorded-walk.node.ts";
import type { ReadTargetSubtrees } from "../../subtrees.ts";
import { ExpectedPaths } from "../../filter/expected-paths.ts";
import type {
  ListedChunks,
  Need,
  OldVersion,
  OldVersions,
  Placement,
  TargetOptions,
  TreeTarget,
} from "../../target.ts";
import { type Compared, ComparedFile } from "./compared-file.node.ts";
import { DiskOldVersions } from "./old-versions.node.ts";
import { SharedFiles } from "./shared-files.node.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import { TempDir, type TempDirOptions } from "./temp-dir.node.ts";
import { checkRoomPlace } from "./staging-room.node.ts";
import { Volumes } from "./volumes.node.ts";

/** How `openTreePreview` looks. */
export type TreePreviewOptions = Pick<
  TreeTargetOptions,
  | keyof (AlternativeOptions & DeletionOptions & TempDirOptions)
  | "expected"
  | "follow"
  | "inPlace"
  | "keep"
  | "keepsDirLinks"
  | "makesPath"
  | "rule"
  | "onChange"
  | "onUnkept"
> & {
  /**
   * True to tell where the content of files differs. What a file here lacks travels for that, and
   * is not kept.
   */
  readonly tellsRanges?: boolean | undefined;
};

/**
 * A target that writes nothing, and tells what `openTreeTarget` would do at the same place. It asks
 * for no content: files are compared by MACs of the whole where the rule asks for their content,
 * and otherwise it cannot tell of a file with another time whether more than that differs.
 */
export function openTreePreview(place: PlacePath, options: TreePreviewOptions = {}): TreeTarget {
  return new Preview(place, options);
}

class Preview implements TreeTarget, EntryActions {
  readonly digests = nodeDigests;
  readonly takesAnyDigest = true;
  readonly tellsChanges = true;
  readonly subtrees: ReadTargetSubtrees | undefined;
  readonly old: OldVersions;
  readonly #place: PlacePath;
  readonly #options: TreePreviewOptions;
  #given: TargetOptions | undefined;
  #onChange: ((change: TreeChange) => void) | undefined;
  #pause = new Pause();
  #destination: Destination | undefined;
  #planner: EntryPlanner | undefined;
  #record: RecordedWalk | undefined;
  #extras: Extras | undefined;
  readonly #links: HardLinks | undefined;
  #alternatives: Alternatives | undefined;
  #volumes: Volumes | undefined;
  #tempDir: TempDir | undefined;
  #foreseen: ForeseenKeeping | undefined;
  #changes: ForeseenChanges | undefined;
  /** Files whose content is compared, by entry number. */
  readonly #compared = new Map<number, ComparedFile>();
  /** Files and links that would come in the place of a directory once it is emptied. */
  readonly #waiting: PlannedLink[] = [];

  constructor(place: PlacePath, options: TreePreviewOptions) {
    this.#place = place;
    this.#options = options;
    this.#links = HardLinks.of(options);
    const layout = (): Layout => this.#given!.layout;
    this.subtrees = destinationSubtrees(place, layout, options, (record) => (this.#record = record));
    this.old = new DiskOldVersions({
      file: (entry) => this.#compared.get(entry),
      attempt: (entry, work) => this.#attempt(entry, work),
      pause: () => this.#pause,
    });
  }

  async open(options: TargetOptions): Promise<void> {
    this.#given = options;
    this.#onChange = tellAll(options.onChange, this.#options.onChange);
    this.#pause = new Pause(options.signal);
  }

  async plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    const needs: Need[] = [];
    for (const [i, entry] of entries.entries()) {
      const planner = (this.#planner ??= this.#begin(entry));
      const need = this.#attempt(first + i, () => planner.plan(entry, first + i));
      needs.push((need instanceof Promise ? await need : need) ?? "nothing");
      if (this.#pause.due()) await this.#pause.take();
    }
    return needs;
  }

  async place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]> {
    return lists.map(({ entry, sizes }) =>
      new Uint8Array(sizes.length).fill(this.#compared.has(entry) ? 0 : 1),
    );
  }

  async write(placements: readonly Placement[]): Promise<void> {
    for (const { entry, offset, chunk } of placements)
      this.#attempt(entry, () => this.#compared.get(entry)?.put(offset, chunk.bytes));
  }

  async finish(files: readonly { readonly entry: number }[]): Promise<void> {
    for (const { entry } of files) this.#attempt(entry, () => this.#compared.get(entry)?.end());
  }

  async abandon(entry: number, reason: SyncError): Promise<void> {
    this.#tellTrouble(entry, reason);
    this.#compared.delete(entry);
  }

  async commit(whole: boolean): Promise<void> {
    if (!this.#extras) return;
    if (!whole && this.#options.deletesAfterErrors !== true) return this.#refuse();
    this.#extras.close();
    const { refusal } = this.#extras;
    const extras = this.#extras;
    for (const planned of this.#waiting)
      this.#attempt(planned.number, () => this.#tellWaiting(planned, extras));
    if (refusal) throw refusal;
    for (const { dir, name, path, kind } of this.#extras.list())
      this.#changes!.tellDeleted({ dir, name }, path, kind);
    for (const trouble of this.#extras.troubles) this.#given!.onTrouble(0, trouble);
  }

  async close(): Promise<void> {
    this.#alternatives?.close();
    this.#tempDir?.close();
    this.#foreseen?.close();
    this.#destination?.held?.close();
    this.#destination = undefined;
  }

  /**
   * The sender could not name all that it has, so nothing would be deleted, and what waits for that
   * would not come.
   */
  #refuse(): void {
    const { onTrouble } = this.#given!;
    onTrouble(0, notWhole());
    for (const { dir, name, number } of this.#waiting) onTrouble(number, inTheWay(printPlace(dir, name)));
  }

  #tellWaiting(planned: PlannedLink, extras: Extras): void {
    const { dir, name, number } = planned;
    if (extras.stays(dir, name)) this.#given!.onTrouble(number, inTheWay(printPlace(dir, name)));
    else this.#changes!.tell(planned);
  }

  #begin(first: Entry): EntryPlanner {
    const { layout } = this.#given!;
    const destination = findDestination(this.#place, layout, first, this.#options);
    this.#destination = destination;
    const { held } = destination;
    if (held) seeFakes(held, "receiver", this.#options.keep);
    const backups = held && Backups.of(held, this.#options);
    const volumes = held && new Volumes(held);
    if (volumes) checkRoomPlace(held, held.root, volumes.typeOf(held.root));
    this.#volumes = volumes;
    this.#tempDir = held && TempDir.of(held, this.#options);
    const known = { backups, tempDir: this.#tempDir, looksOnly: true };
    if (volumes) this.#extras = extrasAt(held, this.#place, layout, this.#options, { ...known, volumes });
    const rootPath =
      held?.rootPath ?? (hasAlternatives(this.#options) ? absentPath(placeBytes(this.#place)) : "");
    this.#alternatives = Alternatives.of(held ? { held, rootPath } : { rootPath }, this.#options);
    const { keep, rule } = this.#options;
    const kept = new KeptFacts(keep);
    this.#foreseen = new ForeseenKeeping({ held, volumes, place: this.#place }, kept, this.#options.onUnkept);
    const { keepsDirLinks = false, inPlace = false } = this.#options;
    this.#changes = new ForeseenChanges({
      held,
      refusals: held && new ForeseenRefusals(held, this.#tempDir !== undefined),
      keeping: this.#foreseen,
      inPlace,
      onChange: this.#onChange,
      onTrouble: this.#given!.onTrouble,
    });
    const expected = ExpectedPaths.of(this.#options.expected);
    return new EntryPlanner({
      destination,
      layout,
      keepingIn: (dir) => this.#keepingIn(dir),
      kept,
      rule,
      keepsDirLinks,
      actions: this,
      tellsChanges: true,
      sparesLinked: keep?.hardLinks === true,
      sharedFiles: new SharedFiles(),
      extras: this.#extras,
      volumes,
      expected,
      record: this.#record,
    });
  }

  #keepingIn(dir: DirNode): Keeping {
    return this.#foreseen?.in(dir) ?? keepsAll;
  }

  root(planned: PlannedEntry): void {
    this.#tellStanding(planned);
  }

  /** A directory that cannot be set as it is to be is gone into all the same. */
  #tellStanding(planned: PlannedEntry): void {
    this.#attempt(planned.number, () => this.#changes!.tell(planned));
  }

  dir(planned: PlannedEntry): DirNode {
    const { dir, name, there, standing, outcome } = planned;
    if (outcome === "touched") this.#tellStanding(planned);
    else this.#changes!.tell(planned);
    if (there?.kind === "dir" && isShut(there))
      throw new SyncError("SKIPPED", "a dry run cannot look into this directory, which a real run opens");
    return standing ?? new DirNode(dir, name, { isNew: true });
  }

  link(planned: PlannedEntry): void {
    const linked = this.#links?.take(planned);
    if (linked !== undefined) {
      if (linked === "same") return;
      if (this.#volumes?.typeOf(planned.dir).isPlain === true) throw notHeld();
      const linkedTo = this.#links!.headOf(planned);
      return this.#tellOrWait({ ...planned, outcome: linked, linkedTo });
    }
    if (this.#isLeftOut(planned)) return this.#changes!.tellLeftOut(planned);
    this.#tellOrWait(planned);
  }

  #tellOrWait(planned: PlannedLink): void {
    if (planned.there?.isEmpty === false) this.#waiting.push(planned);
    else this.#changes!.tell(planned);
  }

  file(planned: PlannedEntry): Need {
    const old = this.#oldVersionOf(planned);
    if (old) this.#compared.set(planned.number, this.#compare(planned));
    else this.link(planned);
    return old ?? "nothing";
  }

  /** The file that is there, where only its content tells what would become of it. */
  #oldVersionOf({ entry, outcome, there }: PlannedEntry): OldVersion | undefined {
    const { rule } = this.#options;
    const isAsked = rule?.equality === "content" && this.#given!.useOld === true;
    if (!isAsked || outcome !== "changed") return undefined;
    if (there!.size !== entry.size && this.#options.tellsRanges !== true) return undefined;
    return oldVersionOf(entry.size, there!.size);
  }

  #compare(planned: PlannedEntry): ComparedFile {
    const { tellsRanges = false } = this.#options;
    const onCompared = ({ isSame, ranges }: Compared): void => {
      this.#compared.delete(planned.number);
      if (isSame) this.link({ ...planned, outcome: this.#outcomeOfSame(planned) });
      else if (ranges) this.#changes!.tell(planned, ranges);
      else this.link(planned);
    };
    return new ComparedFile(this.#destination!.held!, planned, { tellsRanges, onCompared });
  }

  /** What becomes of a file that has the content that it should have. */
  #outcomeOfSame({ dir, entry, there, differs }: PlannedEntry): "same" | "touched" {
    const rule = { ...this.#options.rule, equality: "size" } as const;
    const isSame = compareEntry(entry, there, this.#keepingIn(dir), rule) === "same";
    return isSame && differs.every((fact) => comparedFacts.has(fact)) ? "same" : "touched";
  }

  /** Does something for an entry; trouble with it is told. */
  #attempt<Result>(entry: number, work: () => Result): Result | undefined {
    try {
      return work();
    } catch (thrown) {
      this.#tellTrouble(entry, fileTrouble(thrown, ""));
      return undefined;
    }
  }

  /** The path of what was compared is told with it. */
  #tellTrouble(entry: number, error: SyncError): void {
    const file = this.#compared.get(entry)?.planned;
    this.#given!.onTrouble(entry, file ? withPath(error, printPlace(file.dir, file.name)) : error);
  }

  /** True for what is equal in a directory that is compared with, and so stays or goes away. */
  #isLeftOut({ entry, outcome, there, ...at }: PlannedEntry): boolean {
    if (outcome !== "new" && !(entry.kind === "file" && there?.kind !== "dir")) return false;
    const like = this.#alternatives?.find(entry, at, this.#keepingIn(at.dir), this.#options.rule);
    return like?.way === "compare" && like.outcome === "same";
  }
}
