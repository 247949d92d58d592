import { byteStringOf } from "../../bytes/byte-string.ts";
import { type Subtree, SubtreeDigests } from "../entry/subtree-digests.ts";
import type { ReadSubtreesOptions } from "../subtrees.ts";
import type { MemoryDir } from "./memory-tree.ts";

/** Reads the directories below one in memory, each behind those that lie in it. */
export async function readMemorySubtrees(
  top: MemoryDir,
  { goOn, signal }: ReadSubtreesOptions,
): Promise<readonly Subtree[] | undefined> {
  signal?.throwIfAborted();
  const digests = new SubtreeDigests();
  return goOn(addChildren(digests, top)) ? digests.finish() : undefined;
}

/** Returns how many entries were added. */
function addChildren(digests: SubtreeDigests, dir: MemoryDir): number {
  let count = 0;
  for (const name of [...dir.children.keys()].sort()) {
    const node = dir.children.get(name)!;
    const size = node.kind === "file" ? node.bytes.length : 0;
    digests.add(name, { ...node, size }, node.kind === "symlink" ? byteStringOf(node.target) : "");
    count += 1;
    if (node.kind !== "dir") continue;
    digests.open(name);
    count += addChildren(digests, node);
    digests.close();
  }
  return count;
}
