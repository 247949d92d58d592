import type { Keep } from "../../plan/keep.ts";
import { type ByteString, toByteString } from "../calls/byte-string.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { aclNames } from "./acl-form.ts";
import { isOwnXattr } from "./disk-facts.node.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { findXattrCalls } from "./xattr-calls.node.ts";
import { OwnerNames } from "./owners.node.ts";

/**
 * False when what is told at one end and had at the other may differ though both are as they should
 * be.
 */
export function isTellable({ atimes, chmod, fakeSuper, groupMap, munging, userMap }: Keep): boolean {
  return (
    atimes !== true &&
    [chmod, fakeSuper, userMap, groupMap, munging].every((changed) => changed === undefined)
  );
}

const listNames: ReadonlySet<string> = new Set(Object.values(aclNames));

/** What digests of directories say of the facts of an entry (docs/protocol.md §6.15). */
export class DigestFacts {
  readonly #keep: Keep;
  readonly #users = new OwnerNames("user");
  readonly #groups = new OwnerNames("group");
  readonly #readsNames: boolean;

  constructor(keep: Keep) {
    this.#keep = keep;
    this.#readsNames = keep.xattrs === true || keep.acls === true;
  }

  /** Returns undefined for an entry of which more is told than a digest can say. */
  tell(
    { group, kind, linkCount, owner }: FileStats,
    held: HeldDirs,
    dir: DirNode,
    name: ByteString,
  ): ByteString | undefined {
    const keep = this.#keep;
    if (keep.hardLinks === true && linkCount > 1 && kind !== "dir") return undefined;
    if (this.#readsNames && this.#hasMore(held.factsAt(dir, name))) return undefined;
    if (keep.owner !== true && keep.group !== true) return "";
    const user = keep.owner === true ? this.#nameIn(this.#users, owner) : "";
    return `${user}\n${keep.group === true ? this.#nameIn(this.#groups, group) : ""}`;
  }

  #hasMore(place: FactPlace): boolean {
    const { acls, xattrs } = this.#keep;
    const names = findXattrCalls()?.list(place);
    if (names === undefined || names.length === 0) return false;
    return names.some((name) => (isOwnXattr(name) ? xattrs === true : acls === true && listNames.has(name)));
  }

  #nameIn(names: OwnerNames, id: number): ByteString {
    const { name } = this.#keep.numericIds === true || id === 0 ? {} : names.of(id);
    return name === undefined ? `:${id}` : toByteString(Buffer.from(name));
  }
}
