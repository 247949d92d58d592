import fs from "node:fs";
import type { Facts } from "../entry/facts.ts";
import type { Keep } from "../plan/keep.ts";
import type { NativePath } from "./byte-string.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { OwnerNames } from "./owners.node.ts";

/** Where facts are read and set. */
export interface FactPlace {
  readonly path: NativePath;
  /** True for a path of /proc that leads to the thing itself; otherwise no link is followed. */
  readonly isHandle: boolean;
}

/** What of a tree a place may not keep. */
export type UnkeptFact = "owners" | "access times";

/** How facts that go together are compared with what is there, and set. */
interface DiskFact {
  readonly name: UnkeptFact;
  isSame(there: FileStats, wanted: Facts, place: () => FactPlace): boolean;
  set(place: FactPlace, wanted: Facts): void;
}

const ownership: DiskFact = {
  name: "owners",
  isSame: ({ owner, group }, wanted) =>
    (wanted.user?.id ?? owner) === owner && (wanted.group?.id ?? group) === group,
  set({ path, isHandle }, { user, group }) {
    if (user === undefined && group === undefined) return;
    const chown = isHandle ? fs.chownSync : fs.lchownSync;
    chown(path, user?.id ?? -1, group?.id ?? -1);
  },
};

/** In the order in which they are set: a new owner takes attributes away. */
export const diskFacts: readonly DiskFact[] = [ownership];

/** True when what is there has the facts that it is to have. */
export function hasFacts(there: FileStats, wanted: Facts | undefined, place: () => FactPlace): boolean {
  return wanted === undefined || diskFacts.every((fact) => fact.isSame(there, wanted, place));
}

/** Reads the facts that a source was asked for. */
export class FactReader {
  readonly #keep: Keep;
  readonly #users = new OwnerNames("user");
  readonly #groups = new OwnerNames("group");
  readonly #readsNothing: boolean;

  constructor(keep: Keep) {
    this.#keep = keep;
    const { group, owner } = keep;
    this.#readsNothing = owner !== true && group !== true;
  }

  read(stats: FileStats): Facts | undefined {
    if (this.#readsNothing) return undefined;
    const { group, owner } = this.#keep;
    return {
      ...(owner === true && { user: this.#users.of(stats.owner) }),
      ...(group === true && { group: this.#groups.of(stats.group) }),
    };
  }
}
