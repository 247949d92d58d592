import type { Entry } from "../entry/entry.ts";
import type { Facts, Owner } from "../entry/facts.ts";
import { modeMask } from "../plan/comparison.ts";
import { type Keep, plainKeep } from "../plan/keep.ts";
import type { FileStats } from "./file-stats.node.ts";
import { mayGive, OwnerIds } from "./owners.node.ts";

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
  readonly #isPlain: boolean;

  /** @throws USAGE for an order that says nothing legal */
  constructor(keep: Keep = plainKeep, worldWritable = true) {
    this.keep = keep;
    const bits = keep.specialBits === true ? 0o7777 : modeMask;
    this.allowedModeBits = worldWritable ? bits : bits & ~0o002;
    this.#users = new OwnerIds("user", keep);
    this.#groups = new OwnerIds("group", keep);
    this.#isPlain = keep.perms !== false;
  }

  /** Returns the entry with what it is to have here. */
  wanted(entry: Entry, _there: FileStats | undefined): Entry {
    const { facts, ...plain } = entry;
    if (this.#isPlain && facts === undefined) return entry;
    const kept = facts && this.#factsOf(facts);
    return kept ? { ...plain, facts: kept } : plain;
  }

  #factsOf(told: Facts): Facts | undefined {
    const user = this.#ownerOf(told.user);
    const group = this.#groupOf(told.group);
    if (!user && !group) return undefined;
    return { ...(user && { user }), ...(group && { group }) };
  }

  #ownerOf(told: Owner | undefined): Owner | undefined {
    if (told === undefined || this.keep.owner !== true || !mayGive.user()) return undefined;
    return this.#users.here(told);
  }

  #groupOf(told: Owner | undefined): Owner | undefined {
    if (told === undefined || this.keep.group !== true) return undefined;
    const group = this.#groups.here(told);
    return mayGive.group(group.id) ? group : undefined;
  }
}
