import { equalBytes } from "../bytes/compare.ts";
import type { AnyContent } from "../casync/blob-reader.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { rootNode } from "./fuse-numbers.ts";
import type { FuseAttributes } from "./fuse-replies.ts";
import type { FuseTree } from "./fuse-tree.ts";
import { ReadAhead } from "./read-ahead.ts";

/** The node of the only file. */
export const blobFileNode = 2;

/** A file system of one file, which holds a blob. @param mtimeMs of the file */
export function blobTree(content: AnyContent, name: Bytes, mtimeMs: number, permissions = 0o444): FuseTree {
  const ahead = new ReadAhead();
  const mtimeSec = Math.floor(mtimeMs / 1000);
  const common = {
    uid: 0,
    gid: 0,
    mtimeSec,
    mtimeNsec: Math.floor((mtimeMs - mtimeSec * 1000) * 1_000_000),
    device: 0,
  };
  const file = {
    ...common,
    node: blobFileNode,
    mode: 0o100_000 | permissions,
    sizeBytes: content.sizeBytes,
    linkCount: 1,
  };
  const root = { ...common, node: rootNode, mode: 0o40_755, sizeBytes: 0, linkCount: 2 };

  async function attributes(node: number): Promise<FuseAttributes> {
    if (node === rootNode) return root;
    if (node === blobFileNode) return file;
    throw new SyncError("USAGE", `there is no node ${node}`);
  }

  return {
    statistics: { sizeBytes: content.sizeBytes, entryCount: 2 },
    hasXattrs: false,
    hasAcls: false,
    attributes,
    async lookup(parent, wanted) {
      return parent === rootNode && equalBytes(wanted, name) ? file : undefined;
    },
    async target() {
      throw new SyncError("USAGE", "there is no symbolic link");
    },
    async *members(_, from) {
      if (from === 0) yield { name, attributes: file };
    },
    xattrs: async () => [],
    read: async (node, offset, size) => (node === blobFileNode ? content.read(offset, size) : []),
    readAhead: (node, offset, size) => ahead.follow(node, offset, size, content.prepare),
  };
}
