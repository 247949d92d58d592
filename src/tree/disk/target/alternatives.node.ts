import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import { compareEntry, isAsWanted, keepsAll, type Keeping, type Metadata } from "../../plan/comparison.ts";
import { maxPlaceCount } from "../../order/order-fields.ts";
import type { PlanRule } from "../../plan/plan-rule.ts";
import type { Entry } from "../../entry/entry.ts";
import type { ByteString, PlacePath } from "../calls/byte-string.node.ts";
import type { DirNode, NameIn } from "../calls/dir-node.node.ts";
import { hasFacts } from "../facts/disk-facts.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { SideDir, type SideDirBase } from "./side-dir.node.ts";
import { type FoundStanding, standingAt } from "./standing.node.ts";

/** Further directories that a file may be in already; of one kind only. */
export interface AlternativeOptions {
  /** Makes nothing that is not at the destination and equal in one of these. */
  readonly compareDest?: readonly PlacePath[] | undefined;
  /** Copies what is equal from there. */
  readonly copyDest?: readonly PlacePath[] | undefined;
  /**
   * Gives what is equal there, also in its metadata, one more name; copies what differs in that.
   */
  readonly linkDest?: readonly PlacePath[] | undefined;
}

type Way = "compare" | "copy" | "link";

/** A file or link in another directory, from which a new one can be made. */
export interface Alternative extends NameIn {
  readonly held: HeldDirs;
  readonly there: FoundStanding;
  readonly way: Way;
  /**
   * `same`: it is what the entry says; `touched`: but for its metadata; `changed`: it may be like
   * it.
   */
  readonly outcome: "same" | "touched" | "changed";
}

/** A directory, and what it is reached by. */
export interface DirIn {
  readonly held: HeldDirs;
  readonly dir: DirNode;
}

const ranks = { same: 4, touched: 3, changed: 0 } as const;

/** How near something is to what an entry wants; where content alone tells, size and time hint. */
function rankOf({ outcome, there }: Pick<Alternative, "outcome" | "there">, entry: Entry): number {
  if (outcome !== "changed" || there.size !== entry.size) return ranks[outcome];
  return isAsWanted(there, entry) ? 2 : 1;
}

/** The directories that are looked in for what is not at the destination. */
export class Alternatives {
  readonly #dirs: readonly SideDir[];
  readonly #way: Way;

  private constructor(dirs: readonly SideDir[], way: Way) {
    this.#dirs = dirs;
    this.#way = way;
  }

  /** Returns undefined where there are none. @throws USAGE, LIMIT */
  static of(base: SideDirBase, options: AlternativeOptions): Alternatives | undefined {
    const found = checkAlternatives(options);
    if (!found) return undefined;
    const [way, places] = found;
    return new Alternatives(
      places.map((place) => new SideDir(base, place)),
      way,
    );
  }

  /** What there is like an entry that is new at its name: the first that equals it most. */
  find(
    entry: Entry,
    { dir, name }: NameIn,
    keeping: Keeping,
    rule: PlanRule | undefined,
  ): Alternative | undefined {
    let best: Alternative | undefined;
    for (const side of this.#dirs) {
      const found = look(side, dir, name, entry);
      if (found?.there.kind !== entry.kind) continue;
      const compared = compareEntry(entry, found.there, keeping, equalityOf(rule));
      const outcome = compared === "same" && !hasAllFacts(found, entry) ? "touched" : compared;
      if (outcome !== "same" && outcome !== "touched" && outcome !== "changed") continue;
      const alternative = { ...found, way: this.#way, outcome };
      if (!best || rankOf(alternative, entry) > rankOf(best, entry)) best = alternative;
      if (outcome === "same") break;
    }
    return best;
  }

  /** The directories in them that have the path of one of the tree. */
  dirsFor(dir: DirNode): readonly DirIn[] {
    return this.#dirs.flatMap((side) => {
      const at = side.dirFor(dir);
      return at ? [{ held: side.held, dir: at }] : [];
    });
  }

  close(): void {
    for (const dir of this.#dirs) dir.close();
  }
}

/** True for options that name directories to look in. */
export function hasAlternatives(options: AlternativeOptions): boolean {
  return placesIn(options).length > 0;
}

/** What is exactly as it should be, with all bits of its mode. */
const ofAllBits: Keeping = { ...keepsAll, allowedModeBits: 0o7777 };

/** True when a file that has the content of an alternative can be left to it, or be one with it. */
export function isTakenAsIs(alternative: Alternative, wanted: Metadata): boolean {
  const { outcome, there, way } = alternative;
  const isSame = (): boolean => isAsWanted(there, wanted, ofAllBits) && hasAllFacts(alternative, wanted);
  return way !== "copy" && (outcome === "same" || isSame());
}

function hasAllFacts({ held, dir, name, there }: Found, { facts }: Metadata): boolean {
  return hasFacts(there, facts, ofAllBits, () => held.factsAt(dir, name));
}

type Found = Pick<Alternative, "held" | "dir" | "name" | "there">;

/** Gives an alternative one more name. Returns false where that cannot be done. */
export function linkTo(alternative: Alternative, held: HeldDirs, { dir, name }: NameIn): boolean {
  const from = alternative.held.at(alternative.dir, alternative.name);
  try {
    held.writeIn(dir, () => fs.linkSync(from, held.at(dir, name)));
    return true;
  } catch (thrown) {
    if (isErrno(thrown, "EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "ENOENT"))
      return false;
    throw thrown;
  }
}

/** The directories that are named, if there are any, and what for. @throws USAGE, LIMIT */
export function checkAlternatives(options: AlternativeOptions): [Way, readonly PlacePath[]] | undefined {
  const [first, ...others] = placesIn(options);
  if (others.length > 0)
    throw new SyncError("USAGE", "directories to compare with, copy from or link to are of one kind");
  const limit = maxPlaceCount;
  if (first && first[1].length > limit)
    throw new SyncError("LIMIT", `there may be ${limit} directories to look in`, { detail: { limit } });
  return first;
}

function placesIn({
  compareDest = [],
  copyDest = [],
  linkDest = [],
}: AlternativeOptions): [Way, readonly PlacePath[]][] {
  const all: [Way, readonly PlacePath[]][] = [
    ["compare", compareDest],
    ["copy", copyDest],
    ["link", linkDest],
  ];
  return all.filter(([, places]) => places.length > 0);
}

/** What tells that files are equal, and not which of them are brought about. */
function equalityOf({ equality, windowSec }: PlanRule = {}): PlanRule {
  return { ...(equality && { equality }), ...(windowSec !== undefined && { windowSec }) };
}

function look(side: SideDir, dir: DirNode, name: ByteString, entry: Entry) {
  try {
    const at = side.dirFor(dir);
    const { held } = side;
    const there = at && standingAt(held, at, name, entry);
    return there && { held, dir: at, name, there };
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw thrown;
  }
}
