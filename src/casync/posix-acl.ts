import type { Bytes } from "../types.ts";
import type { CatarAcl, CatarAclEntry } from "./catar-node.ts";
import { viewOf } from "./words.ts";

/** Kinds of entries, as Linux numbers them. */
const tags = { userObject: 1, user: 2, groupObject: 4, group: 8, mask: 16, other: 32 };
/** Bytes in front of the entries, and of each of them. */
const headBytes = 4;
const entryBytes = 8;
const noMask = 0xffffffffffffffffn;

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/**
 * The lists of an archive for the values of `system.posix_acl_access` and
 * `system.posix_acl_default`; undefined when there is nothing in them that the mode does not say.
 */
export function aclOf(access: Bytes | undefined, inherited: Bytes | undefined): CatarAcl | undefined {
  const [own, given] = [entriesOf(access), entriesOf(inherited)];
  if (own.length === 0 && given.length === 0) return undefined;
  const hasMask = own.some(({ tag }) => tag === tags.mask);
  return {
    users: entriesFor(own, tags.user),
    groups: entriesFor(own, tags.group),
    ...(hasMask && { groupObject: permissionsFor(own, tags.groupObject) ?? 0 }),
    ...(given.length > 0 && {
      default: {
        user: BigInt(permissionsFor(given, tags.userObject) ?? 0),
        group: BigInt(permissionsFor(given, tags.groupObject) ?? 0),
        other: BigInt(permissionsFor(given, tags.other) ?? 0),
        mask: BigInt(permissionsFor(given, tags.mask) ?? noMask),
      },
    }),
    defaultUsers: entriesFor(given, tags.user),
    defaultGroups: entriesFor(given, tags.group),
  };
}

function entriesOf(value: Bytes | undefined): AclEntry[] {
  if (value === undefined) return [];
  const view = viewOf(value);
  const count = Math.max(0, Math.floor((value.length - headBytes) / entryBytes));
  return Array.from({ length: count }, (_, i) => {
    const at = headBytes + i * entryBytes;
    const [tag, permissions] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    return { tag, permissions, id: view.getUint32(at + 4, true) };
  });
}

function entriesFor(entries: readonly AclEntry[], wanted: number): CatarAclEntry[] {
  return entries
    .filter(({ tag }) => tag === wanted)
    .map(({ id, permissions }) => ({ id, permissions }))
    .sort((a, b) => a.id - b.id);
}

function permissionsFor(entries: readonly AclEntry[], wanted: number): number | undefined {
  return entries.find(({ tag }) => tag === wanted)?.permissions;
}
