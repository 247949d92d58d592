import type fs from "node:fs";
import type { FactPlace } from "../tree/disk/calls/fact-place.node.ts";
import { aclNames, parseAcl } from "../tree/disk/facts/acl-form.ts";
import { isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import { accessLists, readXattrs } from "../tree/disk/facts/disk-facts.node.ts";
import { OwnerNames } from "../tree/disk/facts/owners.node.ts";
import { StoredXattrs } from "../tree/disk/facts/stored-xattrs.node.ts";
import { findXattrCalls } from "../tree/disk/facts/xattr-calls.node.ts";
import type { AclEntry, Owner, Xattr } from "../tree/entry/facts.ts";
import { aclOfLists, listsOfAcl } from "./catar-acl.ts";
import type { CatarMetadata } from "./catar-metadata.ts";
import type { CatarNode, CatarType } from "./catar-node.ts";
import { casyncFeatures as f, entryFlagMask, normalFeatures } from "./features.ts";
import { findInodeFlags } from "./inode-flags.node.ts";

/** Attributes that stand as such in archives; those of the system have places of their own. */
const kept = /^(?:user|trusted)\./;

/** Attributes of the system that archives have. */
const labelName = "security.selinux";
const capabilityName = "security.capability";

/** Names of owners that casync takes; it never names root. */
const ownerName = /^[A-Za-z_][\w-]*$/;

const xattrFeatures = f.xattrs | f.acl | f.selinux | f.fcaps;
const flagFeatures = entryFlagMask | f.quotaProjid;

/** The features of these that can be read of a tree here. */
export function readableFeatures(features: bigint): bigint {
  let all = features;
  if (!findXattrCalls()) {
    if ((all & f.acl) !== 0n) all |= f.permissions;
    all &= ~xattrFeatures;
  }
  return normalFeatures(findInodeFlags() ? all : all & ~flagFeatures);
}

/** Reads what archives have of an entry beside its content and what stat(2) tells. */
export class TreeFacts {
  readonly #features: bigint;
  readonly #users = new OwnerNames("user");
  readonly #groups = new OwnerNames("group");

  constructor(features: bigint) {
    this.#features = features;
  }

  /** True when the flags of files and directories are read, for which they have to be open. */
  get readsFlags(): boolean {
    return this.#has(flagFeatures | f.excludeNodump) && findInodeFlags() !== undefined;
  }

  /** @param fd of a file or directory, when flags are read */
  read(
    { uid, gid }: fs.BigIntStats,
    type: CatarType,
    place: FactPlace,
    fd: number | undefined,
  ): CatarMetadata & Pick<CatarNode, "flags"> {
    const { flags, projectId } = (fd !== undefined && findInodeFlags()?.(fd)) || { flags: 0n, projectId: 0 };
    const user = this.#nameOf("user", Number(uid));
    const group = this.#nameOf("group", Number(gid));
    return {
      flags,
      ...(user !== undefined && { user }),
      ...(group !== undefined && { group }),
      ...this.#readAttributes(type, place),
      ...(projectId > 0 && { projectId }),
    };
  }

  #readAttributes(type: CatarType, place: FactPlace): CatarMetadata {
    if (type === "symlink" || !this.#has(xattrFeatures)) return { xattrs: [] };
    const found = readXattrs(new StoredXattrs(() => place), isInArchives);
    const valueOf = (name: string) => found.find((one) => one.name === name)?.value;
    const isPlain = type === "file" || type === "dir";
    const listOf = (name: keyof typeof aclNames) => this.#parse(valueOf(aclNames[name]));
    const acl = this.#has(f.acl) ? aclOfLists(listOf("acl"), listOf("defaultAcl")) : undefined;
    const label = valueOf(labelName);
    const fcaps = type === "file" ? valueOf(capabilityName) : undefined;
    return {
      xattrs: isPlain ? found.filter(({ name }) => kept.test(name)).map(toCatar) : [],
      ...(acl && { acl }),
      // The label of a file ends in a NUL, which is the archive's.
      ...(label && { selinux: label.at(-1) === 0 ? label.subarray(0, -1) : label }),
      ...(fcaps && { fcaps }),
    };
  }

  #parse(value: Uint8Array | undefined): readonly AclEntry[] {
    if (value === undefined) return [];
    return parseAcl(value, (kind, id) => this.#ownerOf(kind, id)) ?? [];
  }

  #ownerOf(kind: "user" | "group", id: number): Owner {
    const name = this.#nameOf(kind, id);
    return name === undefined ? { id } : { id, name };
  }

  #nameOf(kind: "user" | "group", id: number): string | undefined {
    if (id === 0 || !this.#has(f.userNames)) return undefined;
    const { name } = (kind === "user" ? this.#users : this.#groups).of(id);
    return name !== undefined && ownerName.test(name) ? name : undefined;
  }

  #has(bits: bigint): boolean {
    return (this.#features & bits) !== 0n;
  }
}

function isInArchives(name: string): boolean {
  if (kept.test(name) || name === labelName || name === capabilityName) return true;
  return name === aclNames.acl || name === aclNames.defaultAcl;
}

function toCatar({ name, value }: Xattr): CatarMetadata["xattrs"][number] {
  return { name: Buffer.from(name, "latin1"), value };
}

/** What a tree on disk may not take on of an archive. */
type UnsetFact = "extended attributes" | "access control lists" | "capabilities" | "flags or labels";

/**
 * Sets what an archive has of an entry beside its content, owner, mode and time; what the entry has
 * beside that stays. Attributes that give capabilities or access are not set as such; they have
 * records of their own.
 *
 * @param features of the archive: of one that keeps access control lists an entry without any loses
 *   those that it inherited
 * @param place of a file or directory
 * @returns what could not be set
 */
export function setTreeFacts(place: FactPlace, node: CatarNode, features: bigint): UnsetFact[] {
  const calls = findXattrCalls();
  const unset: UnsetFact[] = [];
  const attempt = (name: UnsetFact, isWanted: boolean, set: () => boolean | void): void => {
    try {
      if (!isWanted || (calls !== undefined && set() !== false)) return;
    } catch (thrown) {
      if (!isErrno(thrown)) throw thrown;
    }
    unset.push(name);
  };
  const { acl, fcaps, xattrs } = node;
  attempt("extended attributes", xattrs.length > 0, () => {
    const named = xattrs.map(({ name, value }) => ({ name: Buffer.from(name).toString("latin1"), value }));
    const mine = named.filter(({ name }) => kept.test(name));
    for (const { name, value } of mine) calls!.set(place, name, value);
    return mine.length === named.length;
  });
  const lists = listsOfAcl(acl, node.mode);
  const hasLists = (features & f.acl) !== 0n && (calls !== undefined || acl !== undefined);
  attempt("access control lists", hasLists, () => {
    const wanted = node.type === "dir" ? lists : { acl: lists.acl };
    accessLists.set(new StoredXattrs(() => place), wanted);
  });
  attempt("capabilities", fcaps !== undefined, () => calls!.set(place, capabilityName, fcaps!));
  const hasMore = node.flags !== 0n || node.selinux !== undefined || node.projectId !== undefined;
  attempt("flags or labels", hasMore, () => false);
  return unset;
}
