import { byteStringOf } from "../../bytes/byte-string.ts";
import { compareBytes } from "../../bytes/compare.ts";
import { SyncError } from "../../errors.ts";
import type { FuseAttributes } from "../../fuse/fuse-replies.ts";
import type { FuseMember, FuseTree } from "../../fuse/fuse-tree.ts";
import type { Entry } from "../../tree/entry/entry.ts";
import type { DirFilter } from "../../tree/filter/dir-filter.ts";
import type { TreeFilter } from "../../tree/filter/tree-filter.ts";
import type { SourceEntry } from "../../tree/source.ts";
import type { Bytes } from "../../types.ts";

/** A file of the tree. */
export interface StoredFile {
  readonly node: number;
  /** Below the top, one character a byte; the name of the top itself. */
  readonly path: string;
  readonly size: number;
}

/** Where in a tree what is sent begins. */
export interface StoredTop {
  readonly node: number;
  /** The name that it is sent under; of a directory without, what is in it is sent. */
  readonly name?: Bytes;
}

/** A directory on the way to where the listing is. */
interface Level {
  readonly members: readonly FuseMember[];
  readonly path: string;
  readonly filter: DirFilter | undefined;
  next: number;
}

/** Entries that are told at a time. */
const batchCount = 512;

/** What travels, by the upper bits of a mode. */
const kinds: Readonly<Record<number, "file" | "dir" | "symlink">> = { 8: "file", 4: "dir", 10: "symlink" };

/**
 * The entries of a tree in canonical order. Devices, pipes and sockets are left out.
 *
 * @throws BAD_MESSAGE for two entries of one name, UNSUPPORTED for rules that are in files, and
 *   what the tree throws
 */
export async function* listStored(
  tree: FuseTree,
  top: StoredTop,
  filter: TreeFilter | undefined,
): AsyncGenerator<readonly SourceEntry<StoredFile>[]> {
  const attributes = await tree.attributes(top.node);
  const name = top.name ?? Uint8Array.of(0x2e);
  const first = await entryOf(tree, { name, attributes }, 0, byteStringOf(name));
  let batch = first ? [first] : [];
  const rules = openFilter(filter, top.name);
  const levels = first?.entry.kind === "dir" ? [await openLevel(tree, top.node, "", rules)] : [];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const member = level.members[level.next++];
    if (member === undefined) {
      levels.pop();
      continue;
    }
    const own = byteStringOf(member.name);
    const path = `${level.path}${own}`;
    const isDir = kindOf(member.attributes) === "dir";
    if (level.filter?.excludes(own, isDir) === true) continue;
    const found = await entryOf(tree, member, levels.length, path);
    if (found) batch.push(found);
    if (isDir) {
      const rulesBelow = level.filter?.enter(own, () => undefined);
      levels.push(await openLevel(tree, member.attributes.node, `${path}/`, rulesBelow));
    }
    if (batch.length < batchCount) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function openFilter(filter: TreeFilter | undefined, name: Bytes | undefined): DirFilter | undefined {
  if (filter?.readsFiles("sender") === true)
    throw new SyncError("UNSUPPORTED", "rules of directories are not read in a store");
  return filter?.open("sender", {}).enter(name ? byteStringOf(name) : "", () => undefined);
}

async function openLevel(
  tree: FuseTree,
  node: number,
  path: string,
  filter: DirFilter | undefined,
): Promise<Level> {
  const members: FuseMember[] = [];
  for await (const member of tree.members(node, 0)) members.push(member);
  members.sort((one, other) => compareBytes(one.name, other.name));
  members.forEach(({ name }, i) => {
    if (i > 0 && compareBytes(members[i - 1]!.name, name) === 0)
      throw new SyncError("BAD_MESSAGE", "two entries have one name", {
        detail: { path: path + byteStringOf(name) },
      });
  });
  return { members, path, filter, next: 0 };
}

function kindOf({ mode }: FuseAttributes): "file" | "dir" | "symlink" | undefined {
  return kinds[mode >>> 12];
}

async function entryOf(
  tree: FuseTree,
  { name, attributes }: FuseMember,
  depth: number,
  path: string,
): Promise<SourceEntry<StoredFile> | undefined> {
  const kind = kindOf(attributes);
  if (kind === undefined) return undefined;
  const { node, mode, mtimeSec, mtimeNsec } = attributes;
  const size = kind === "file" ? attributes.sizeBytes : 0;
  const entry: Entry = { depth, name, kind, size, mode: mode & 0o7777, mtimeSec, mtimeNsec };
  const file = { node, path, size };
  if (kind !== "symlink") return { entry, file };
  return { entry: { ...entry, target: await tree.target(node) }, file };
}
