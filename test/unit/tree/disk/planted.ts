import fs from "node:fs";
import { type MemoryDir, type MemoryNode } from "../../../../src/tree/memory/memory-tree.ts";
import { timeSetters } from "../../../../src/tree/disk/calls/times.node.ts";
import { setTime } from "./disk-tree.ts";

/** The slow, plain way to put a tree on the disk. */
export function plantTree(node: MemoryNode, at: Buffer): void {
  if (node.kind === "symlink") fs.symlinkSync(Buffer.from(node.target), at);
  else if (node.kind === "file") fs.writeFileSync(at, node.bytes);
  else {
    fs.mkdirSync(at);
    for (const [below, child] of node.children)
      plantTree(child, Buffer.concat([at, Buffer.from(`/${below}`, "latin1")]));
  }
  if (node.kind !== "symlink") fs.chmodSync(at, node.mode);
  setTime(timeSetters()[0]!, at, node.mtimeSec, node.mtimeNsec);
}

/** The slow, plain way to read a tree from the disk. */
export function readTree(at: Buffer): MemoryDir {
  return readNode(at) as MemoryDir;
}

function readNode(at: Buffer): MemoryNode {
  const stats = fs.lstatSync(at, { bigint: true });
  const metadata = {
    mode: Number(stats.mode) & 0o777,
    mtimeSec: Number(stats.mtimeNs / 1_000_000_000n),
    mtimeNsec: Number(stats.mtimeNs % 1_000_000_000n),
  };
  if (stats.isSymbolicLink())
    return { kind: "symlink", ...metadata, target: fs.readlinkSync(at, { encoding: "buffer" }) };
  if (stats.isFile()) return { kind: "file", ...metadata, bytes: fs.readFileSync(at) };
  const names = fs.readdirSync(at, { encoding: "latin1" }).filter((name) => name !== ".rsync-stream");
  const children = names.map((name): [string, MemoryNode] => [
    name,
    readNode(Buffer.concat([at, Buffer.from(`/${name}`, "latin1")])),
  ]);
  return { kind: "dir", ...metadata, children: new Map(children) };
}
