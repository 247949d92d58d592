import type { CatarNode, CatarType } from "./catar-node.ts";
import { casyncFeatures as f, entryFlagMask } from "./features.ts";

const featureOfType: Partial<Record<CatarType, bigint>> = {
  symlink: f.symlinks,
  char: f.deviceNodes,
  block: f.deviceNodes,
  fifo: f.fifos,
  socket: f.sockets,
};

/** What time is rounded to, in nanoseconds, from the finest to the coarsest. */
const granules: readonly (readonly [feature: bigint, ns: bigint])[] = [
  [f.nsecTime, 1n],
  [f.usecTime, 1000n],
  [f.secTime, 1_000_000_000n],
  [f.twoSecTime, 2_000_000_000n],
];

/** What an archive with these features keeps of an entry; undefined when it leaves it out. */
export function keepFeatures(node: CatarNode, features: bigint): CatarNode | undefined {
  const has = (bits: bigint): boolean => (features & bits) !== 0n;
  const needed = featureOfType[node.type];
  if (needed !== undefined && !has(needed)) return undefined;
  const { user, group, acl, selinux, fcaps, projectId, ...rest } = node;
  const hasIds = has(f.uids16 | f.uids32);
  const isPlain = node.type === "file" || node.type === "dir";
  return {
    ...rest,
    mode: keptMode(node, has),
    flags: isPlain ? node.flags & features & entryFlagMask : 0n,
    uid: hasIds ? node.uid : 0,
    gid: hasIds ? node.gid : 0,
    mtimeNs: keptTime(node.mtimeNs, has),
    xattrs: has(f.xattrs) ? node.xattrs : [],
    ...(has(f.userNames) && user !== undefined && { user }),
    ...(has(f.userNames) && group !== undefined && { group }),
    ...(has(f.acl) && acl && { acl }),
    ...(has(f.selinux) && selinux && { selinux }),
    ...(has(f.fcaps) && fcaps && { fcaps }),
    ...(has(f.quotaProjid) && projectId !== undefined && { projectId }),
  };
}

function keptMode({ type, mode }: CatarNode, has: (bits: bigint) => boolean): number {
  if (type === "symlink") return 0o777;
  if (has(f.permissions | f.acl)) return mode;
  const all = type === "dir" ? 0o777 : 0o666;
  return has(f.readOnly) && (mode & 0o222) === 0 ? all & 0o555 : all;
}

function keptTime(ns: bigint, has: (bits: bigint) => boolean): bigint {
  const granule = granules.find(([feature]) => has(feature))?.[1];
  if (granule === undefined) return 0n;
  const over = ns % granule;
  return ns - (over < 0n ? over + granule : over);
}
