import fs from "node:fs";
import { join } from "node:path";
import { aclNames, formatAcl } from "../../src/tree/disk/facts/acl-form.ts";
import { findXattrCalls } from "../../src/tree/disk/facts/xattr-calls.node.ts";
import { bindNative } from "../../src/tree/disk/calls/koffi.node.ts";
import { placeAtPath } from "../../src/tree/disk/calls/fact-place.node.ts";
import { deviceOf } from "../../src/tree/disk/calls/file-kind.node.ts";
import { timeSetters } from "../../src/tree/disk/calls/times.node.ts";
import type { AclEntry } from "../../src/tree/entry/facts.ts";
import { setTime } from "../unit/tree/disk/disk-tree.ts";
import { pick } from "./few-names.ts";

type Random = () => number;

/** Undefined where there are no extended attributes. */
export const calls = findXattrCalls();

/** What is in a tree beside files, directories and links of one name. */
export interface Planted {
  readonly links: boolean;
  readonly specials: boolean;
}

/** The type of a node, and its device. */
const specialKinds: readonly (readonly [mode: number, device: number])[] = [
  [fs.constants.S_IFIFO, 0],
  [fs.constants.S_IFSOCK, 0],
  [fs.constants.S_IFCHR, deviceOf(1, 3)],
  [fs.constants.S_IFCHR, deviceOf(1, 5)],
  [fs.constants.S_IFBLK, deviceOf(7, 300)],
];

const mknod = bindNative((koffi) =>
  koffi.load(null).func("int mknod(const char *path, uint32_t mode, uint64_t device)"),
);

function plantSpecial(random: Random, place: string): void {
  const [type, device] = pick(random, specialKinds);
  if (mknod?.(place, type | 0o600, device) !== 0) throw new Error(`mknod ${place}`);
}

/** A few names of all kinds, each there or not, so that two trees differ in all ways. */
export function plantFacts(random: Random, root: string, { links, specials }: Planted, depth = 2): void {
  fs.mkdirSync(root);
  for (const name of ["a", "b", "c", "d", "e"]) {
    const place = join(root, name);
    const kind = random();
    if (kind < 0.2) continue;
    if (kind < 0.4 && depth > 0) plantFacts(random, place, { links, specials }, depth - 1);
    else if (specials && kind < 0.48) plantSpecial(random, place);
    else if (kind < 0.55) fs.symlinkSync(pick(random, ["a", "b"]), place);
    else fs.writeFileSync(place, pick(random, ["", "x", "yy", "z".repeat(5000)]));
    if (kind >= 0.4 || depth === 0) dress(random, place);
  }
  if (links && random() < 0.6) linkSome(random, root);
  dress(random, root);
}

/** Gives some leaves below a directory further names in it. */
function linkSome(random: Random, root: string): void {
  const all = fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((one) => !one.isDirectory());
  for (const name of ["f", "g", "h"]) {
    const one = pick(random, [...all, undefined]);
    if (one) fs.linkSync(join(one.parentPath, one.name), join(root, name));
  }
}

/** Gives something facts of all kinds. */
function dress(random: Random, place: string): void {
  const stats = fs.lstatSync(place);
  fs.lchownSync(place, pick(random, [0, 1, 70_001]), pick(random, [0, 2, 80_001]));
  if (!stats.isSymbolicLink()) fs.chmodSync(place, 0o600 | Math.floor(random() * 0o10000));
  const at = placeAtPath(place);
  const isPlain = !stats.isSymbolicLink();
  const mayHave = stats.isFile() || stats.isDirectory();
  for (const name of mayHave ? ["user.a", "user.b", "trusted.c"] : ["trusted.c"])
    if (random() < 0.2) calls!.set(at, name, Buffer.from(pick(random, ["", "1", "2\0"])));
  if (isPlain && random() < 0.25) calls!.set(at, aclNames.acl, formatAcl(randomAcl(random)));
  if (stats.isDirectory() && random() < 0.2)
    calls!.set(at, aclNames.defaultAcl, formatAcl(randomAcl(random)));
  const accessed = { sec: 1000 + Math.floor(random() * 3), nsec: 5 };
  const [sec, nsec] = [1000 + Math.floor(random() * 2), pick(random, [0, 123_456_789])];
  setTime(
    { ...timeSetters()[0]!, setAt: (...given) => timeSetters()[0]!.setAt(given[0], sec, nsec, accessed) },
    place,
    sec,
    nsec,
  );
}

/** An access control list with an entry for a user, and perhaps one for a group. */
export function randomAcl(random: Random): readonly AclEntry[] {
  const permissions = (): number => Math.floor(random() * 8);
  return [
    { tag: "user-owner", permissions: 6 | permissions() },
    { tag: "user", permissions: permissions(), owner: { id: pick(random, [1, 70_003]) } },
    { tag: "group-owner", permissions: permissions() },
    ...(random() < 0.5 ? [{ tag: "group", permissions: permissions(), owner: { id: 2 } } as const] : []),
    { tag: "mask", permissions: permissions() },
    { tag: "other", permissions: permissions() },
  ];
}
