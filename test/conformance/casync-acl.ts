import type { CatarAcl, CatarAclEntry } from "../../src/casync/catar-node.ts";
import { parseAcl } from "../../src/tree/disk/facts/acl-form.ts";
import type { AclEntry } from "../../src/tree/entry/facts.ts";
import type { Bytes } from "../../src/types.ts";

const noMask = 0xffffffffffffffffn;

type Tag = AclEntry["tag"];

/**
 * The lists of an archive for the values of `system.posix_acl_access` and
 * `system.posix_acl_default`; undefined when there is nothing in them that the mode does not say.
 */
export function aclOf(access: Bytes | undefined, inherited: Bytes | undefined): CatarAcl | undefined {
  const [own, given] = [entriesOf(access), entriesOf(inherited)];
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

function entriesOf(value: Bytes | undefined): readonly AclEntry[] {
  const entries = value === undefined ? [] : parseAcl(value, (_, id) => ({ id }));
  if (entries === undefined) throw new Error("a vector has a list that Linux would not store");
  return entries;
}

function entriesFor(entries: readonly AclEntry[], wanted: Tag): CatarAclEntry[] {
  return entries
    .filter(({ tag }) => tag === wanted)
    .map(({ owner, permissions }) => ({ id: owner!.id, permissions }))
    .sort((a, b) => a.id - b.id);
}

function permissionsFor(entries: readonly AclEntry[], wanted: Tag): number | undefined {
  return entries.find(({ tag }) => tag === wanted)?.permissions;
}
