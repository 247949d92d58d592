import { type Entry, isDevice } from "../../entry/entry.ts";
import { isAlike } from "../../entry/fact-rows.ts";
import type { AclEntry, Facts, Owner, Xattr } from "../../entry/facts.ts";
import { changeMode, type ModeChanges, parseChmod } from "../../plan/chmod.ts";
import { modeMask } from "../../plan/comparison.ts";
import { type Keep, plainKeep } from "../../plan/keep.ts";
import { mungeLink } from "../../plan/munged-link.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { umask } from "./keeping.node.ts";
import { isOwnXattr } from "./disk-facts.node.ts";
import { mayGive, OwnerIds } from "./owners.node.ts";

/** The attributes that may be set here, as they are when all may. */
function ownXattrs(told: readonly Xattr[]): readonly Xattr[] {
  return told.every(({ name }) => isOwnXattr(name)) ? told : told.filter(({ name }) => isOwnXattr(name));
}

/** True for a kind of entry whose time is set. */
export function setsTime({ omitDirTimes, omitLinkTimes, times }: Keep, kind: FileStats["kind"]): boolean {
  if (times === false || (kind === "dir" && omitDirTimes === true)) return false;
  return kind !== "symlink" || omitLinkTimes !== true;
}

/**
 * What entries are to become at a destination: what their sender says of them, as far as it was
 * asked for, in the terms of this system.
 */
export class KeptFacts {
  readonly keep: Keep;
  /** The bits of a mode that are a peer's to give. */
  readonly allowedModeBits: number;
  readonly #users: OwnerIds;
  readonly #groups: OwnerIds;
  readonly #chmod: ModeChanges;
  readonly #munges: boolean;
  readonly #mayGiveAll: boolean;
  /** What was told last, and is kept of that: most entries of a tree have the same. */
  #told: Facts | undefined;
  #kept: Facts | undefined;
  /** True where nothing but facts needs a look. */
  readonly #isPlain: boolean;

  /** @throws USAGE for an order that says nothing legal */
  constructor(keep: Keep = plainKeep, worldWritable = true) {
    this.keep = keep;
    // What stays as it is here is no peer's to give.
    const { perms = true, specialBits = !perms } = keep;
    const bits = specialBits ? 0o7777 : modeMask;
    this.allowedModeBits = worldWritable ? bits : bits & ~0o002;
    this.#users = new OwnerIds("user", keep);
    this.#groups = new OwnerIds("group", keep);
    this.#chmod = keep.chmod === undefined ? [] : parseChmod(keep.chmod, umask);
    const setsAll = keep.perms !== false && keep.times !== false;
    this.#munges = keep.munging === "receiver";
    this.#mayGiveAll = keep.fakeSuper === "receiver" || mayGive.user();
    this.#isPlain =
      setsAll && !this.#munges && this.#chmod.length === 0 && !keep.omitDirTimes && !keep.omitLinkTimes;
  }

  /** True for a kind of entry that is kept; devices are by root, or files that stand for them. */
  carries(kind: FileStats["kind"]): boolean {
    if (kind === "fifo" || kind === "socket") return this.keep.specials === true;
    if (isDevice(kind)) return this.keep.devices === true && this.#mayGiveAll;
    return kind !== "other";
  }

  /** Returns the entry with what it is to have here. */
  wanted(entry: Entry, there: FileStats | undefined): Entry {
    const kept = entry.facts && this.#keptOf(entry.facts);
    const keepsLink = entry.link === undefined || this.keep.hardLinks === true;
    if (this.#isPlain && kept === entry.facts && keepsLink) return entry;
    const { facts: _, link, ...told } = entry;
    const same = there?.kind === entry.kind ? there : undefined;
    const plain = this.#isPlain
      ? told
      : { ...told, ...this.#timesOf(told, same), mode: this.#modeOf(told, same) };
    return {
      ...plain,
      ...(this.#munges && told.target && { target: mungeLink(told.target) }),
      ...(this.keep.hardLinks === true && link !== undefined && { link }),
      ...(kept && { facts: kept }),
    };
  }

  /**
   * Where times are left as they come, they are as they should be; but for the sake of its content.
   */
  #timesOf(entry: Entry, there: FileStats | undefined): Pick<Entry, "mtimeSec" | "mtimeNsec"> {
    const { mtimeSec, mtimeNsec } =
      there !== undefined && entry.kind !== "file" && !setsTime(this.keep, entry.kind) ? there : entry;
    return { mtimeSec, mtimeNsec };
  }

  #modeOf({ kind, mode: told }: Entry, there: FileStats | undefined): number {
    if (kind === "symlink") return told;
    const mode = changeMode(this.#chmod, told, kind === "dir");
    const { executability, perms } = this.keep;
    if (perms !== false) return mode;
    if (there === undefined) return mode & modeMask & ~umask;
    if (executability !== true || kind !== "file") return there.mode;
    if ((mode & 0o111) === 0) return there.mode & ~0o111;
    return (there.mode & 0o111) !== 0 ? there.mode : there.mode | ((there.mode & 0o444) >> 2);
  }

  #keptOf(told: Facts): Facts | undefined {
    if (told !== this.#told) {
      const facts = this.#factsOf(told);
      this.#kept = facts && isAlike(facts, told) ? told : facts;
      this.#told = told;
    }
    return this.#kept;
  }

  #factsOf(told: Facts): Facts | undefined {
    const { acls, atimes, xattrs } = this.keep;
    const user = this.#ownerOf(told.user);
    const group = this.#groupOf(told.group);
    const facts: Facts = {
      ...(user && { user }),
      ...(group && { group }),
      ...(atimes === true && told.accessed && { accessed: told.accessed }),
      ...(xattrs === true && told.xattrs && { xattrs: ownXattrs(told.xattrs) }),
      ...(acls === true && told.acl && { acl: this.#listOf(told.acl) }),
      ...(acls === true && told.defaultAcl && { defaultAcl: this.#listOf(told.defaultAcl) }),
    };
    return Object.keys(facts).length > 0 ? facts : undefined;
  }

  /** A list with the numbers that users and groups have here; the same where they are the same. */
  #listOf(told: readonly AclEntry[]): readonly AclEntry[] {
    const owners = told.map(
      ({ owner, tag }) => owner && (tag === "user" ? this.#users : this.#groups).here(owner),
    );
    if (told.every(({ owner }, i) => owner === owners[i])) return told;
    return told.map((entry, i) => (owners[i] ? { ...entry, owner: owners[i] } : entry));
  }

  #ownerOf(told: Owner | undefined): Owner | undefined {
    if (told === undefined || this.keep.owner !== true || !this.#mayGiveAll) return undefined;
    return this.#users.here(told);
  }

  #groupOf(told: Owner | undefined): Owner | undefined {
    if (told === undefined || this.keep.group !== true) return undefined;
    const group = this.#groups.here(told);
    return this.#mayGiveAll || mayGive.group(group.id) ? group : undefined;
  }
}
