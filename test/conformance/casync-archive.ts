import { compareBytes, concatBytes } from "../../src/bytes/compare.ts";
import { fromHex } from "../../src/bytes/hex.ts";
import type { CatarEvent, CatarNode, CatarXattr } from "../../src/casync/catar-node.ts";
import { CatarWriter } from "../../src/casync/catar-writer.ts";
import { casyncFeatures } from "../../src/casync/features.ts";
import { keepFeatures } from "../../src/casync/keep-features.ts";
import { aclOfLists } from "../../src/casync/catar-acl.ts";
import { parseAcl } from "../../src/tree/disk/facts/acl-form.ts";
import type { AclEntry } from "../../src/tree/entry/facts.ts";
import { casyncInput } from "../vectors/casync-input.ts";
import type { Bytes } from "../../src/types.ts";
import { type Case, textBytes } from "./check.ts";

/** The archive that a tree of a vector file makes, when it keeps these features. */
export function archiveOfTree({ entries, nameDatabase }: Case, features: bigint): Bytes {
  const sorted = (entries as Case[])
    .map((entry) => ({ entry, path: entry.pathHex ? fromHex(entry.pathHex) : textBytes(entry.path) }))
    .map(({ entry, path }) => ({ entry, parts: partsOf(path) }))
    .sort((a, b) => (a.parts.join("\0") < b.parts.join("\0") ? -1 : 1));
  const events: CatarEvent[] = [];
  let depth = 0;
  for (const { entry, parts } of sorted) {
    const content = entry.content ? casyncInput(entry.content) : new Uint8Array();
    const node = keepFeatures(nodeOf(entry, parts, content.length, nameDatabase ?? {}, features), features);
    if (node === undefined) continue;
    for (; depth > node.depth; depth--) events.push({ type: "leave" });
    events.push({ type: "node", node }, { type: "content", bytes: content });
    if (node.type === "dir") depth = node.depth + 1;
  }
  for (; depth > 0; depth--) events.push({ type: "leave" });
  return bytesOf(features, events);
}

/** The bytes of an archive of these entries. */
export function bytesOf(features: bigint, events: readonly CatarEvent[]): Bytes {
  const writer = new CatarWriter(features);
  return concatBytes(
    events.map((event) =>
      event.type === "node"
        ? writer.enter(event.node)
        : event.type === "leave"
          ? writer.leave()
          : event.bytes,
    ),
  );
}

function partsOf(path: Bytes): string[] {
  const text = Buffer.from(path).toString("latin1");
  return text === "." ? [] : text.split("/");
}

function nodeOf(
  entry: Case,
  parts: readonly string[],
  size: number,
  { users = {}, groups = {} }: Case,
  features: bigint,
): CatarNode {
  const raw = (name: string): Bytes | undefined =>
    entry.rawXattrs?.[name] === undefined ? undefined : fromHex(entry.rawXattrs[name]);
  const acl = aclOfLists(listOf(raw("system.posix_acl_access")), listOf(raw("system.posix_acl_default")));
  const fcaps = raw("security.capability");
  const hasIds = (features & (casyncFeatures.uids16 | casyncFeatures.uids32)) !== 0n;
  // Without numbers casync writes those for which there is no name as names.
  const named = (names: Case, id: number) => names[id] ?? (hasIds || id === 0 ? undefined : String(id));
  return {
    depth: parts.length,
    name: Buffer.from(parts.at(-1) ?? "", "latin1"),
    type: entry.type,
    mode: Number.parseInt(entry.mode, 8),
    flags: entry.chattr === "A" ? casyncFeatures.flagNoatime : 0n,
    uid: entry.uid,
    gid: entry.gid,
    mtimeNs: BigInt(entry.mtimeNs),
    size,
    xattrs: xattrsOf(entry.xattrs ?? {}),
    ...(entry.uid !== 0 && named(users, entry.uid) && { user: named(users, entry.uid) }),
    ...(entry.gid !== 0 && named(groups, entry.gid) && { group: named(groups, entry.gid) }),
    ...(acl && { acl }),
    ...(fcaps && { fcaps }),
    ...(entry.target !== undefined && { target: textBytes(entry.target) }),
    ...(entry.major !== undefined && { device: { major: entry.major, minor: entry.minor } }),
  };
}

/** The entries of a list for the value of the attribute that holds it. */
function listOf(value: Bytes | undefined): readonly AclEntry[] {
  const entries = value === undefined ? [] : parseAcl(value, (_, id) => ({ id }));
  if (entries === undefined) throw new Error("a vector has a list that Linux would not store");
  return entries;
}

function xattrsOf(values: Case): CatarXattr[] {
  return Object.entries(values)
    .map(([name, value]) => ({ name: textBytes(name), value: fromHex(value as string) }))
    .sort((a, b) => compareBytes(a.name, b.name));
}
