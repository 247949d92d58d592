import type { AclEntry } from "../tree/entry/facts.ts";
import type { CatarAcl, CatarAclEntry } from "./catar-node.ts";

/*
 * Access control lists, as archives have them and as a system does.
 */

type Tag = AclEntry["tag"];

/** Stands where a list for what is made in a directory has no mask. */
export const noMask = 0xffff_ffff_ffff_ffffn;

/**
 * The lists of an entry for an archive; undefined when nothing is in them that the mode does not
 * say. Owners without a name are told by their numbers alone.
 */
export function aclOfLists(own: readonly AclEntry[], given: readonly AclEntry[]): CatarAcl | undefined {
  if (own.length === 0 && given.length === 0) return undefined;
  const hasMask = own.some(({ tag }) => tag === "mask");
  return {
    users: entriesFor(own, "user"),
    groups: entriesFor(own, "group"),
    ...(hasMask && { groupObject: permissionsFor(own, "group-owner") ?? 0 }),
    ...(given.length > 0 && {
      default: {
        user: BigInt(permissionsFor(given, "user-owner") ?? 0),
        group: BigInt(permissionsFor(given, "group-owner") ?? 0),
        other: BigInt(permissionsFor(given, "other") ?? 0),
        mask: BigInt(permissionsFor(given, "mask") ?? noMask),
      },
    }),
    defaultUsers: entriesFor(given, "user"),
    defaultGroups: entriesFor(given, "group"),
  };
}

/** The lists that an entry of an archive has, empty where its mode says all. */
export function listsOfAcl(
  acl: CatarAcl | undefined,
  mode: number,
): { readonly acl: readonly AclEntry[]; readonly defaultAcl: readonly AclEntry[] } {
  return { acl: ownList(acl, mode), defaultAcl: givenList(acl) };
}

function ownList(acl: CatarAcl | undefined, mode: number): readonly AclEntry[] {
  const { users = [], groups = [], groupObject } = acl ?? {};
  if (users.length === 0 && groups.length === 0 && groupObject === undefined) return [];
  const ofGroup = (mode >> 3) & 7;
  return [
    { tag: "user-owner", permissions: (mode >> 6) & 7 },
    ...users.map((entry) => ownedEntry("user", entry)),
    { tag: "group-owner", permissions: groupObject ?? ofGroup },
    ...groups.map((entry) => ownedEntry("group", entry)),
    { tag: "mask", permissions: ofGroup },
    { tag: "other", permissions: mode & 7 },
  ];
}

function givenList(acl: CatarAcl | undefined): readonly AclEntry[] {
  if (acl?.default === undefined) return [];
  const { user, group, other, mask } = acl.default;
  const of = (tag: Tag, permissions: bigint): AclEntry => ({ tag, permissions: Number(permissions) });
  return [
    of("user-owner", user),
    ...acl.defaultUsers.map((entry) => ownedEntry("user", entry)),
    of("group-owner", group),
    ...acl.defaultGroups.map((entry) => ownedEntry("group", entry)),
    ...(mask === noMask ? [] : [of("mask", mask)]),
    of("other", other),
  ];
}

function ownedEntry(tag: "user" | "group", { id, permissions }: CatarAclEntry): AclEntry {
  return { tag, permissions, owner: { id } };
}

function entriesFor(entries: readonly AclEntry[], wanted: Tag): CatarAclEntry[] {
  return entries
    .filter(({ tag }) => tag === wanted)
    .map(({ owner, permissions }) => ({
      id: owner!.id,
      permissions,
      ...(owner!.name !== undefined && { name: owner!.name }),
    }))
    .sort((a, b) => a.id - b.id);
}

function permissionsFor(entries: readonly AclEntry[], wanted: Tag): number | undefined {
  return entries.find(({ tag }) => tag === wanted)?.permissions;
}
