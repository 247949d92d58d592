import type { AnyContent } from "../casync/blob-reader.ts";
import { listsOfAcl } from "../casync/catar-acl.ts";
import { type CatarFacts, CatarNodes } from "../casync/catar-nodes.ts";
import { casyncFeatures as f } from "../casync/features.ts";
import { inOrder } from "../casync/in-order.ts";
import { SyncError } from "../errors.ts";
import { aclNames, formatAcl } from "../tree/disk/facts/acl-form.ts";
import type { Bytes } from "../types.ts";
import { rootNode } from "./fuse-numbers.ts";
import type { FuseAttributes } from "./fuse-replies.ts";
import type { FuseMember, FuseTree, FuseXattr } from "./fuse-tree.ts";
import { ReadAhead } from "./read-ahead.ts";

/** Entries of a directory that are read at a time. */
const memberJobCount = 16;

const xattrFeatures = f.xattrs | f.acl | f.selinux | f.fcaps;
const encoder = new TextEncoder();

/** Types of entries, in the upper bits of a mode. */
const dirBits = 0o4;
const fileBits = 0o10;

/**
 * The tree of an archive as a file system. Nothing of it is read before it is needed.
 *
 * @throws BAD_MESSAGE for what is no archive, TRUNCATED, UNSUPPORTED, and what the content throws
 */
export async function catarTree(content: AnyContent): Promise<FuseTree> {
  const nodes = await CatarNodes.open(content);
  const ahead = new ReadAhead();

  async function attributes(node: number): Promise<FuseAttributes> {
    return attributesOf(node, await nodes.facts(numberOf(node)));
  }

  async function member(number: number): Promise<FuseMember> {
    const { name } = (await nodes.member(number)).node;
    return { name, attributes: await attributes(nodeOf(number)) };
  }

  async function* numbers(node: number, from: number): AsyncGenerator<number> {
    const { first, count } = await nodes.members(numberOf(node));
    for (let number = first + from; number < first + count; number++) yield number;
  }

  return {
    statistics: {
      sizeBytes: content.sizeBytes,
      get entryCount() {
        return nodes.count;
      },
    },
    hasXattrs: (nodes.features & xattrFeatures) !== 0n,
    hasAcls: (nodes.features & f.acl) !== 0n,
    attributes,
    async lookup(parent, name) {
      const number = await nodes.find(numberOf(parent), name);
      return number === undefined ? undefined : attributes(nodeOf(number));
    },
    async target(node) {
      const { target } = (await nodes.member(numberOf(node))).node;
      if (target === undefined) throw new SyncError("USAGE", `node ${node} is no symbolic link`);
      return target;
    },
    members: (node, from) => inOrder(numbers(node, from), { count: memberJobCount }, member),
    async xattrs(node) {
      return xattrsOf(await nodes.member(numberOf(node)));
    },
    async read(node, offset, size) {
      const { mode } = await nodes.facts(numberOf(node));
      if (mode >>> 12 !== fileBits) throw new SyncError("USAGE", `node ${node} is no file`);
      const body = nodes.body(numberOf(node));
      if (offset >= body.size) return [];
      return content.read(body.offset + offset, Math.min(size, body.size - offset));
    },
    readAhead(node, offset, size) {
      const body = nodes.body(numberOf(node));
      ahead.follow(node, offset, size, (from, length) => {
        const end = Math.min(body.size, from + length);
        if (from >= end) return from + length;
        return content.prepare(body.offset + from, end - from) - body.offset;
      });
    },
  };
}

/** Nodes of FUSE count from the root on, as entries of an archive do. */
const numberOf = (node: number): number => node - rootNode;
const nodeOf = (number: number): number => number + rootNode;

function attributesOf(node: number, { device, ...facts }: CatarFacts): FuseAttributes {
  const isDir = facts.mode >>> 12 === dirBits;
  return { ...facts, node, linkCount: isDir ? 2 : 1, device: deviceOf(device) };
}

/** The numbers of a device in 32 bits, as Linux has them. */
function deviceOf({ major, minor }: CatarFacts["device"]): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

function xattrsOf({ node }: Awaited<ReturnType<CatarNodes["member"]>>): readonly FuseXattr[] {
  const lists = listsOfAcl(node.acl, node.mode);
  const more: readonly (readonly [name: string, value: Bytes | undefined])[] = [
    [aclNames.acl, lists.acl.length > 0 ? formatAcl(lists.acl) : undefined],
    [aclNames.defaultAcl, lists.defaultAcl.length > 0 ? formatAcl(lists.defaultAcl) : undefined],
    ["security.capability", node.fcaps],
    ["security.selinux", node.selinux],
  ];
  const found = more.flatMap(([name, value]) => (value ? [{ name: encoder.encode(name), value }] : []));
  return [...node.xattrs, ...found];
}
