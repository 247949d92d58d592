import { equalBytes } from "../../../bytes/compare.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { findFactsFault, isAlike } from "../../entry/fact-rows.ts";
import type { AclEntry, Facts, Xattr } from "../../entry/facts.ts";
import type { Keep } from "../../plan/keep.ts";
import { aclNames, parseAcl } from "./acl-form.ts";
import { hasSameXattrs, readXattrs } from "./disk-facts.node.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import { type FileStats, ownersOf } from "../calls/file-stats.node.ts";
import { OwnerNames } from "./owners.node.ts";
import { StoredXattrs } from "./stored-xattrs.node.ts";
import { findXattrCalls } from "./xattr-calls.node.ts";

const noEntries: readonly never[] = [];

/** A list as it is stored, and what it says. */
interface StoredList {
  readonly bytes: Bytes;
  readonly entries: readonly AclEntry[];
}

/** Reads the facts that a source was asked for. What is alike is given as one object. */
export class FactReader {
  readonly #keep: Keep;
  readonly #users = new OwnerNames("user");
  readonly #groups = new OwnerNames("group");
  /** True where no fact is asked for. */
  readonly readsNothing: boolean;
  #lastXattrs: readonly Xattr[] = noEntries;
  /** The list of each name that was read last. */
  readonly #lastLists = new Map<keyof typeof aclNames, StoredList>();
  /** Those of the entry before; most entries of a tree have the same. */
  #last: Facts = {};
  #hasTold = false;

  constructor(keep: Keep) {
    this.#keep = keep;
    const { acls, atimes, group, owner, xattrs } = keep;
    this.readsNothing = ![acls, atimes, group, owner, xattrs].includes(true);
  }

  /**
   * Reads the facts of an entry.
   *
   * @param report takes what cannot be told; the entry is told without it
   * @throws IO
   */
  read(stats: FileStats, place: () => FactPlace, report: (error: SyncError) => void): Facts | undefined {
    if (this.readsNothing) return undefined;
    const { acls, atimes, group, owner, xattrs } = this.#keep;
    const { accessSec, accessNsec, kind } = stats;
    const owners = ownersOf(stats);
    const facts: Facts = {
      ...(owner === true && { user: this.#users.of(owners.owner) }),
      ...(group === true && { group: this.#groups.of(owners.group) }),
      ...(atimes === true &&
        kind !== "dir" &&
        kind !== "symlink" && { accessed: { sec: accessSec, nsec: accessNsec } }),
    };
    if ((xattrs !== true && acls !== true) || !this.#canRead(report)) return this.#share(facts);
    const stored = new StoredXattrs(place);
    const more: Facts = {
      ...(xattrs === true && { xattrs: this.#xattrsIn(stored) }),
      ...(acls === true && kind !== "symlink" && { acl: this.#listIn(stored, "acl") }),
      ...(acls === true && kind === "dir" && { defaultAcl: this.#listIn(stored, "defaultAcl") }),
    };
    const all = { ...facts, ...more };
    const fault = isAlike(all, this.#last) ? undefined : findFactsFault(more);
    if (fault === undefined) return this.#share(all);
    report(new SyncError("UNSUPPORTED", `an entry ${fault}`));
    return this.#share(facts);
  }

  #share(facts: Facts): Facts {
    if (!isAlike(facts, this.#last)) this.#last = facts;
    return this.#last;
  }

  /** Says once where attributes cannot be read. */
  #canRead(report: (error: SyncError) => void): boolean {
    if (findXattrCalls()) return true;
    if (!this.#hasTold) {
      const message = "extended attributes and ACLs cannot be read here; they need koffi, and Linux";
      report(new SyncError("UNSUPPORTED", message));
    }
    this.#hasTold = true;
    return false;
  }

  #xattrsIn(stored: StoredXattrs): readonly Xattr[] {
    const found = readXattrs(stored);
    if (found.length === 0) return noEntries;
    if (!hasSameXattrs(found, this.#lastXattrs)) this.#lastXattrs = found;
    return this.#lastXattrs;
  }

  #listIn(stored: StoredXattrs, name: keyof typeof aclNames): readonly AclEntry[] {
    const bytes = stored.get(aclNames[name]);
    if (bytes === undefined) return noEntries;
    const last = this.#lastLists.get(name);
    if (last && equalBytes(last.bytes, bytes)) return last.entries;
    const ownerOf = (kind: "user" | "group", id: number) =>
      (kind === "user" ? this.#users : this.#groups).of(id);
    const entries = parseAcl(bytes, ownerOf) ?? noEntries;
    this.#lastLists.set(name, { bytes, entries });
    return entries;
  }
}
