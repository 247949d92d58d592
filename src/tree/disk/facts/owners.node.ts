import { mapOwner, type OwnerMap, parseOwnerMap } from "../../plan/owner-map.ts";
import type { Keep } from "../../plan/keep.ts";
import type { Owner } from "../../entry/facts.ts";
import { accountsOf } from "../calls/account-names.node.ts";

type Kind = "user" | "group";

/** Users or groups as a source tells them: by number and name, each as one object. */
export class OwnerNames {
  readonly #kind: Kind;
  readonly #known = new Map<number, Owner>();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  of(id: number): Owner {
    let owner = this.#known.get(id);
    if (!owner) {
      const name = accountsOf(this.#kind).nameOf(id);
      owner = name === undefined ? { id } : { id, name };
      this.#known.set(id, owner);
    }
    return owner;
  }
}

/**
 * Finds who a user or group of a sender is here: by the rules of the order, then by name, then by
 * number. Root is root everywhere.
 */
export class OwnerIds {
  readonly #kind: Kind;
  readonly #map: OwnerMap;
  readonly #byNumber: boolean;
  /** By number, those without a name; by number and name, the others. */
  readonly #known = new Map<number | string, number>();

  /** @throws USAGE for rules that are none */
  constructor(kind: Kind, { userMap = "", groupMap = "", numericIds = false }: Keep) {
    this.#kind = kind;
    this.#map = parseOwnerMap(kind === "user" ? userMap : groupMap);
    this.#byNumber = numericIds;
  }

  /** Returns the same object for who has the same number here. */
  here(owner: Owner): Owner {
    const key = owner.name === undefined ? owner.id : `${owner.id}:${owner.name}`;
    let id = this.#known.get(key);
    if (id === undefined) {
      id = this.#find(owner);
      this.#known.set(key, id);
    }
    return id === owner.id ? owner : { id };
  }

  #find(owner: Owner): number {
    const { idOf } = accountsOf(this.#kind);
    const mapped = mapOwner(this.#map, owner, idOf);
    if (mapped !== undefined) return mapped;
    const isByName = !this.#byNumber && owner.id !== 0 && owner.name !== undefined;
    return (isByName ? idOf(owner.name) : undefined) ?? owner.id;
  }
}

/** Which owners this process may give to what is its own. */
export const mayGive = {
  user: (): boolean => process.geteuid?.() === 0,
  group: (id: number): boolean => {
    if (process.geteuid?.() === 0) return true;
    return process.getegid?.() === id || process.getgroups?.().includes(id) === true;
  },
} as const;
