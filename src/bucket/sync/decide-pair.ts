import type { ListedObject } from "../object-bucket.ts";
import { compareListed } from "./compare-listed.ts";
import type { Comparison } from "./job.ts";
import type { KeyPair } from "./merge-listings.ts";
import type { Counts, KnownPair, Task } from "./records.ts";

/** What decides over a plan. */
export interface PlanRules {
  readonly compare: Comparison;
  readonly deletes: boolean;
  /** True for keys that are neither copied nor deleted. */
  readonly isLeftOut: (key: string) => boolean;
  /** True for keys of the destination that are not deleted. */
  readonly isSpared: (key: string) => boolean;
}

/** Counts while they are made. */
export type ChangingCounts = { -readonly [Name in keyof Counts]: number };

/** Tells of pairs whose contents were found equal before, by the marks that they had. */
interface KnownPairs {
  isKnown(pair: KnownPair): boolean;
}

/** What is to be done about a key, if anything is; the counts get what was seen. */
export function decidePair(
  { key, source: here, destination: there }: KeyPair,
  rules: PlanRules,
  known: KnownPairs,
  counts: ChangingCounts,
): Task | undefined {
  if (there && there.isImplied !== true) counts.destinationObjects++;
  if (rules.isLeftOut(key)) return undefined;
  if (!here) return there ? deletionOf(key, there, rules) : undefined;
  if (here.isImplied === true) return undefined;
  counts.sourceObjects++;
  counts.sourceBytes += here.sizeBytes;
  const likeness = there ? compareListed(here, there, rules.compare) : "different";
  if (likeness === "equal" || (there && isKnown(key, here, there, rules, known))) return void counts.equal++;
  return {
    key,
    action: likeness === "unknown" ? "ask" : "copy",
    sizeBytes: here.sizeBytes,
    etag: here.etag,
    mark: here.mark,
    replaces: there?.mark ?? null,
  };
}

function isKnown(
  key: string,
  here: ListedObject,
  there: ListedObject,
  rules: PlanRules,
  known: KnownPairs,
): boolean {
  const isAsked = rules.compare === "checksum" && here.sizeBytes === there.sizeBytes;
  return isAsked && known.isKnown({ key, sourceMark: here.mark, destinationMark: there.mark });
}

/** Directories on disk go when they hold nothing any more, by themselves. */
function deletionOf(key: string, there: ListedObject, rules: PlanRules): Task | undefined {
  if (!rules.deletes || there.isImplied === true || rules.isSpared(key)) return undefined;
  const { sizeBytes, mark, etag } = there;
  return { key, action: "delete", sizeBytes, etag, mark, replaces: null };
}
