import { SyncError } from "../../errors.ts";
import type { Owner } from "../entry/facts.ts";

/** What becomes of owners that a pattern fits. */
interface OwnerRule {
  readonly fits: (owner: Owner) => boolean;
  /** The name or the number of the owner in its place. */
  readonly to: string;
}

/** Owners, and what becomes of them: the first rule that fits and leads to somebody. */
export type OwnerMap = readonly OwnerRule[];

/**
 * Reads `FROM:TO,...` as rsync's --usermap and --groupmap take it: FROM is a name, in which `*`,
 * `?` and `[...]` stand for characters, a number, a range of numbers, or nothing for those without
 * a name.
 *
 * @throws USAGE
 */
export function parseOwnerMap(text: string): OwnerMap {
  if (text === "") return [];
  return text.split(",").map((rule) => {
    const [, from, to] = /^([^:]*):([^:]+)$/.exec(rule) ?? [];
    if (from === undefined || to === undefined)
      throw new SyncError("USAGE", `"${rule}" is no rule of the form FROM:TO`);
    return { fits: fitterOf(from), to };
  });
}

/**
 * Returns the number that an owner is to have; undefined where no rule fits.
 *
 * @param idOf the number of a name; a rule that leads to a name without one is passed over
 */
export function mapOwner(
  map: OwnerMap,
  owner: Owner,
  idOf: (name: string) => number | undefined,
): number | undefined {
  for (const { fits, to } of map) {
    if (!fits(owner)) continue;
    const id = /^\d+$/.test(to) ? Number(to) : idOf(to);
    if (id !== undefined) return id;
  }
  return undefined;
}

function fitterOf(from: string): OwnerRule["fits"] {
  if (from === "") return ({ name }) => name === undefined;
  if (from === "*") return () => true;
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(from) ?? [];
  if (first !== undefined) return ({ id }) => id >= Number(first) && id <= Number(last);
  const pattern = patternOf(from);
  return ({ name }) => name !== undefined && pattern.test(name);
}

/** A glob of names; a name has no slash that `*` would stop at. */
function patternOf(glob: string): RegExp {
  const source = glob.replace(/\*+|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, (part) => {
    if (part.startsWith("*")) return ".*";
    if (part === "?") return ".";
    if (part.length > 1 && part.startsWith("[")) return part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "su");
}
