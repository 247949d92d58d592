import { concatBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type CatarAcl, type CatarAclEntry, catarLimits, type CatarNode, modeOfType } from "./catar-node.ts";
import { nulTerminated, record, recordHeaderBytes, recordTypes as t } from "./catar-records.ts";
import { encodeGoodbye, type GoodbyeItem } from "./goodbye.ts";
import { hashName } from "./siphash.ts";
import { words } from "./words.ts";

/** A directory whose end is not written yet. */
interface OpenDir {
  readonly entryAt: number;
  readonly items: GoodbyeItem[];
  /** The member that was written last, whose size is not known yet. */
  member?: { readonly start: number; readonly hash: bigint };
}

/**
 * Makes the bytes of an archive from its entries. Content goes into the archive behind what `enter`
 * returned for its file, by the hands of the caller.
 */
export class CatarWriter {
  readonly #features: bigint;
  readonly #open: OpenDir[] = [];
  #at = 0;

  /** @param features of the tree; entries are expected to keep to them, see `keepFeatures` */
  constructor(features: bigint) {
    this.#features = features;
  }

  /** Bytes of the archive so far, with all content of the files entered. */
  get offset(): number {
    return this.#at;
  }

  /**
   * An entry, all but a file's content, which is counted here already.
   *
   * @throws USAGE for an entry that does not belong behind the one before
   */
  enter(node: CatarNode): Bytes {
    this.#check(node);
    const parts: Bytes[] = [];
    const dir = this.#open.at(-1);
    if (dir !== undefined) {
      this.#finishMember(dir);
      dir.member = { start: this.#at, hash: hashName(node.name) };
      parts.push(record(t.filename, nulTerminated(node.name)));
    }
    const entryAt = this.#at + (parts[0]?.length ?? 0);
    parts.push(...encodeNode(node, this.#features));
    const bytes = concatBytes(parts);
    this.#at += bytes.length + node.size;
    if (node.type === "dir") this.#open.push({ entryAt, items: [] });
    return bytes;
  }

  /** The end of the directory entered last that is not left. @throws USAGE when there is none */
  leave(): Bytes {
    const dir = this.#open.pop();
    if (dir === undefined) throw new SyncError("USAGE", "no directory of the archive is open");
    this.#finishMember(dir);
    const bytes = encodeGoodbye(dir.items, this.#at, dir.entryAt);
    this.#at += bytes.length;
    return bytes;
  }

  #check({ depth, type }: CatarNode): void {
    if (depth !== this.#open.length || (depth === 0 && (this.#at > 0 || type !== "dir")))
      throw new SyncError("USAGE", "the entry is out of place in the archive");
    if (depth < catarLimits.catarDepthCount) return;
    throw new SyncError("LIMIT", "directories are too deep within each other for an archive", {
      detail: { limit: catarLimits.catarDepthCount, actual: depth },
    });
  }

  #finishMember(dir: OpenDir): void {
    if (dir.member === undefined) return;
    dir.items.push({ ...dir.member, size: this.#at - dir.member.start });
    delete dir.member;
  }
}

function encodeNode(node: CatarNode, features: bigint): Bytes[] {
  const mode = modeOfType(node.type) | BigInt(node.mode);
  return [
    record(t.entry, words(features, mode, node.flags, node.uid, node.gid, node.mtimeNs)),
    ...encodeOwners(node),
    ...node.xattrs.map(({ name, value }) => record(t.xattr, nulTerminated(name), value)),
    ...(node.acl ? encodeAcl(node.acl) : []),
    ...(node.selinux ? [record(t.selinux, nulTerminated(node.selinux))] : []),
    ...(node.fcaps ? [record(t.fcaps, node.fcaps)] : []),
    ...(node.projectId === undefined ? [] : [record(t.quotaProjid, words(node.projectId))]),
    ...encodeBody(node),
  ];
}

function encodeOwners({ user, group }: CatarNode): Bytes[] {
  return [
    ...(user === undefined ? [] : [record(t.user, nulTerminated(user))]),
    ...(group === undefined ? [] : [record(t.group, nulTerminated(group))]),
  ];
}

function encodeAcl(acl: CatarAcl): Bytes[] {
  const all = (type: bigint, entries: readonly CatarAclEntry[]): Bytes[] =>
    entries.map(({ id, permissions, name }) => {
      const parts = [words(id, permissions), ...(name === undefined ? [] : [nulTerminated(name)])];
      return record(type, ...parts);
    });
  const { default: base, groupObject } = acl;
  return [
    ...all(t.aclUser, acl.users),
    ...all(t.aclGroup, acl.groups),
    ...(groupObject === undefined ? [] : [record(t.aclGroupObject, words(groupObject))]),
    ...(base ? [record(t.aclDefault, words(base.user, base.group, base.other, base.mask))] : []),
    ...all(t.aclDefaultUser, acl.defaultUsers),
    ...all(t.aclDefaultGroup, acl.defaultGroups),
  ];
}

function encodeBody({ type, size, target, device }: CatarNode): Bytes[] {
  if (type === "file") return [words(recordHeaderBytes + size, t.payload)];
  if (target) return [record(t.symlink, nulTerminated(target))];
  return device ? [record(t.device, words(device.major, device.minor))] : [];
}
