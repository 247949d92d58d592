import { aclTags } from "../../entry/fact-rows.ts";
import { type AclEntry, noOwner, type Owner } from "../../entry/facts.ts";
import type { Bytes } from "../../../types.ts";

/** Attributes that hold the access control lists of a file. */
export const aclNames = { acl: "system.posix_acl_access", defaultAcl: "system.posix_acl_default" } as const;

const version = 2;
const headBytes = 4;
const entryBytes = 8;
/** The tags of acl(5), in the order of `aclTags`. */
const tagNumbers = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20] as const;

/** Reads a list as Linux stores it; undefined for another form. */
export function parseAcl(
  bytes: Bytes,
  ownerOf: (kind: "user" | "group", id: number) => Owner,
): readonly AclEntry[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < headBytes || view.getUint32(0, true) !== version) return undefined;
  if ((bytes.length - headBytes) % entryBytes !== 0) return undefined;
  const entries: AclEntry[] = [];
  for (let at = headBytes; at < bytes.length; at += entryBytes) {
    const tag = aclTags[tagNumbers.indexOf(view.getUint16(at, true) as (typeof tagNumbers)[number])];
    if (tag === undefined) return undefined;
    const permissions = view.getUint16(at + 2, true) & 7;
    const id = view.getUint32(at + 4, true);
    entries.push(
      tag === "user" || tag === "group"
        ? { tag, permissions, owner: ownerOf(tag, id) }
        : { tag, permissions },
    );
  }
  return entries;
}

/** The form that Linux stores, in which those of one kind ascend by their numbers. */
export function formatAcl(entries: readonly AclEntry[]): Bytes {
  const rank = ({ tag, owner }: AclEntry): number => aclTags.indexOf(tag) * 2 ** 32 + (owner?.id ?? 0);
  const sorted = [...entries].sort((one, other) => rank(one) - rank(other));
  const bytes = new Uint8Array(headBytes + entryBytes * sorted.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, version, true);
  for (const [i, { tag, permissions, owner }] of sorted.entries()) {
    const at = headBytes + i * entryBytes;
    view.setUint16(at, tagNumbers[aclTags.indexOf(tag)]!, true);
    view.setUint16(at + 2, permissions, true);
    view.setUint32(at + 4, owner?.id ?? noOwner, true);
  }
  return bytes;
}
