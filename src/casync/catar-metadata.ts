import { compareBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import { noOwner } from "../tree/entry/facts.ts";
import type { Bytes } from "../types.ts";
import { noMask } from "./catar-acl.ts";
import type { CatarAcl, CatarAclEntry, CatarNode } from "./catar-node.ts";
import { recordTypes as t } from "./catar-records.ts";
import { readSize, readWord, viewOf, wordBytes } from "./words.ts";

/** What an entry has beside its ENTRY record and what is in it. */
export type CatarMetadata = Pick<
  CatarNode,
  "user" | "group" | "xattrs" | "acl" | "selinux" | "fcaps" | "projectId"
>;

/** Nothing of all that. */
export const emptyMetadata: CatarMetadata = Object.freeze({ xattrs: [] });

const emptyAcl: CatarAcl = { users: [], groups: [], defaultUsers: [], defaultGroups: [] };

/** Reads a record into what is known of an entry. @throws BAD_MESSAGE */
type Take = (known: CatarMetadata, body: Bytes, bad: () => SyncError) => CatarMetadata;

const takers = new Map<bigint, Take>([
  [t.user, (known, body, bad) => ({ ...known, user: textOf(body, bad) })],
  [t.group, (known, body, bad) => ({ ...known, group: textOf(body, bad) })],
  [t.xattr, takeXattr],
  [t.aclUser, intoAcl((acl, body, bad) => ({ users: [...acl.users, aclEntryOf(body, bad)] }))],
  [t.aclGroup, intoAcl((acl, body, bad) => ({ groups: [...acl.groups, aclEntryOf(body, bad)] }))],
  [t.aclGroupObject, intoAcl((_, body, bad) => ({ groupObject: permissionsOf(body, 0, bad) }))],
  [t.aclDefault, intoAcl((_, body, bad) => ({ default: defaultOf(body, bad) }))],
  [
    t.aclDefaultUser,
    intoAcl((acl, body, bad) => ({ defaultUsers: [...acl.defaultUsers, aclEntryOf(body, bad)] })),
  ],
  [
    t.aclDefaultGroup,
    intoAcl((acl, body, bad) => ({ defaultGroups: [...acl.defaultGroups, aclEntryOf(body, bad)] })),
  ],
  [t.selinux, (known, body, bad) => ({ ...known, selinux: beforeNul(body, bad) })],
  [t.fcaps, (known, body) => ({ ...known, fcaps: body.slice() })],
  [t.quotaProjid, (known, body, bad) => ({ ...known, projectId: projectOf(body, bad) })],
]);

/** What is known of an entry when this record has been read. @throws BAD_MESSAGE */
export function takeMetadata(known: CatarMetadata, type: bigint, body: Bytes, at: number): CatarMetadata {
  const bad = (): SyncError =>
    new SyncError("BAD_MESSAGE", "what belongs to an entry of the archive is damaged", {
      detail: { offset: at },
    });
  return takers.get(type)!(known, body, bad);
}

function intoAcl(take: (acl: CatarAcl, body: Bytes, bad: () => SyncError) => Partial<CatarAcl>): Take {
  return (known, body, bad) => {
    const acl = known.acl ?? emptyAcl;
    return { ...known, acl: { ...acl, ...take(acl, body, bad) } };
  };
}

function takeXattr(known: CatarMetadata, body: Bytes, bad: () => SyncError): CatarMetadata {
  const end = body.indexOf(0);
  const last = known.xattrs.at(-1);
  const name = body.slice(0, end);
  if (end < 1 || (last !== undefined && compareBytes(last.name, name) >= 0)) throw bad();
  return { ...known, xattrs: [...known.xattrs, { name, value: body.slice(end + 1) }] };
}

function aclEntryOf(body: Bytes, bad: () => SyncError): CatarAclEntry {
  const permissions = permissionsOf(body, wordBytes, bad);
  const id = readSize(viewOf(body), 0);
  if (id >= noOwner) throw bad();
  const rest = body.subarray(2 * wordBytes);
  return { id, permissions, ...(rest.length > 0 && { name: textOf(rest, bad) }) };
}

function permissionsOf(body: Bytes, at: number, bad: () => SyncError): number {
  if (body.length < at + wordBytes) throw bad();
  const permissions = readSize(viewOf(body), at);
  if (permissions > 7) throw bad();
  return permissions;
}

function defaultOf(body: Bytes, bad: () => SyncError): NonNullable<CatarAcl["default"]> {
  if (body.length !== 4 * wordBytes) throw bad();
  const view = viewOf(body);
  const [user, group, other, mask] = [0, 8, 16, 24].map((at) => readWord(view, at)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if ([user, group, other, mask === noMask ? 0n : mask].some((permissions) => permissions > 7n)) throw bad();
  return { user, group, other, mask };
}

function projectOf(body: Bytes, bad: () => SyncError): number {
  if (body.length !== wordBytes) throw bad();
  const id = readSize(viewOf(body), 0);
  if (id < 1 || id >= 2 ** 32) throw bad();
  return id;
}

function textOf(body: Bytes, bad: () => SyncError): string {
  return new TextDecoder().decode(beforeNul(body, bad));
}

function beforeNul(body: Bytes, bad: () => SyncError): Bytes {
  const end = body.indexOf(0);
  if (end < 1 || end !== body.length - 1) throw bad();
  return body.slice(0, end);
}
