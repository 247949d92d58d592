import { createHash } from "node:crypto";
import fs from "node:fs";

/** What stands at a path. */
export interface Thing {
  readonly kind: "file" | "dir" | "symlink" | "other";
  /** The digest of a file's content, or what a link holds. */
  readonly content: string;
  /** Mode and owner. */
  readonly rights: string;
  readonly time: string;
  /** Its further names have the same. */
  readonly inode: string;
}

/** All that is below a directory, by path; the directory itself is `""`. */
export type World = ReadonlyMap<string, Thing>;

/** Where a receiver has what is not complete. */
const staging = /(?:^|\/)\.rsync-stream(?:$|\/)/;

/**
 * What there is below a directory. Names byte by byte.
 *
 * @param isTree false for a directory that is in no tree, whose time nobody sets
 */
export function worldOf(root: string, isTree: (path: string) => boolean = () => true): World {
  const world = new Map<string, Thing>();
  const visit = (place: Buffer, path: string): void => {
    const stats = fs.lstatSync(place, { bigint: true });
    const thing = thingAt(place, stats);
    world.set(path, thing.kind === "dir" && !isTree(path) ? { ...thing, time: "" } : thing);
    if (!stats.isDirectory()) return;
    for (const name of fs.readdirSync(place, { encoding: "latin1" }).sort()) {
      const below = Buffer.concat([place, Buffer.from(`/${name}`, "latin1")]);
      visit(below, path === "" ? name : `${path}/${name}`);
    }
  };
  visit(Buffer.from(root), "");
  return world;
}

function thingAt(place: Buffer, stats: fs.BigIntStats): Thing {
  const { mode, uid, gid, mtimeNs, ino } = stats;
  const rights = `${(Number(mode) & 0o7777).toString(8)} ${uid}:${gid}`;
  const known = { rights, time: String(mtimeNs), inode: String(ino) };
  if (stats.isSymbolicLink())
    return { ...known, kind: "symlink", content: fs.readlinkSync(place, "latin1"), rights: "" };
  if (stats.isDirectory()) return { ...known, kind: "dir", content: "" };
  if (!stats.isFile()) return { ...known, kind: "other", content: "" };
  return { ...known, kind: "file", content: digestOf(fs.readFileSync(place)) };
}

export function digestOf(content: Uint8Array): string {
  return `${content.length} ${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;
}

/** What a run is to make of a world. */
export interface Intent {
  /** What was there before the first run. */
  readonly before: World;
  /** What is there when a run has ended well. */
  readonly after: World;
  /** True for a file that may be a mixture of both until a run has ended well: see `--inplace`. */
  readonly mayMix?: ((path: string) => boolean) | undefined;
  /** True when modes and times may be any. */
  readonly isUnkept?: boolean;
}

/**
 * What is wrong with a world after any fault, a line each. Nothing is where each path has the old
 * or the new, whole; where nothing is missing that is in both, and nothing is there that is in
 * none; and where what is removed at one place is at another.
 *
 * What a receiver has in its staging directory is not looked at, and the mode and time of a
 * directory that changes only at the end.
 */
export function faultsIn(
  now: World,
  { before, after, mayMix = () => false, isUnkept = false }: Intent,
): string[] {
  const faults: string[] = [];
  for (const [path, thing] of now) {
    if (staging.test(path)) continue;
    const allowed = [before.get(path), after.get(path)].filter((one) => one !== undefined);
    if (allowed.length === 0) faults.push(`${path}: nobody asked for this ${thing.kind}`);
    else if (!allowed.some((one) => isWhole(thing, one, allowed, { mayMix: mayMix(path), isUnkept })))
      faults.push(`${path}: ${show(thing)} is neither ${allowed.map(show).join(" nor ")}`);
  }
  for (const path of before.keys())
    if (after.has(path) && !now.has(path)) faults.push(`${path}: neither the old nor the new is there`);
  return [...faults, ...lostIn(now, before, after)];
}

/** Content that is to stay, wherever, and is nowhere. */
function lostIn(now: World, before: World, after: World): string[] {
  const there = contentsOf(now);
  const wanted = contentsOf(after);
  const lost = [...contentsOf(before)].filter((content) => wanted.has(content) && !there.has(content));
  return lost.map((content) => `content is lost: ${content}`);
}

function contentsOf(world: World): Set<string> {
  const files = [...world].filter(([path, { kind }]) => kind === "file" && !staging.test(path));
  return new Set(files.map(([, { content }]) => content));
}

/** Mode, owner and time are set one after another where the content stays. */
function isWhole(
  thing: Thing,
  one: Thing,
  allowed: readonly Thing[],
  { mayMix, isUnkept }: { readonly mayMix: boolean; readonly isUnkept: boolean },
): boolean {
  if (thing.kind !== one.kind) return false;
  if (thing.kind === "dir" || mayMix) return true;
  if (thing.content !== one.content) return false;
  if (isUnkept) return true;
  const same = allowed.filter(({ kind, content }) => kind === thing.kind && content === thing.content);
  return same.some(({ rights }) => rights === thing.rights) && same.some(({ time }) => time === thing.time);
}

/** How a world differs from the one that was intended, a line each; further names included. */
export function differences(now: World, after: World): string[] {
  const [lines, wanted] = [linesOf(now), linesOf(after)];
  return [
    ...lines.filter((line) => !wanted.includes(line)).map((line) => `is ${line}`),
    ...wanted.filter((line) => !lines.includes(line)).map((line) => `should be ${line}`),
  ];
}

/** A line for each path; a further name of a file names the first. */
function linesOf(world: World): string[] {
  const firsts = new Map<string, string>();
  return [...world].map(([path, thing]) => {
    const first = firsts.get(thing.inode) ?? path;
    firsts.set(thing.inode, first);
    return `${path}: ${show(thing)}${first === path ? "" : ` = ${first}`}`;
  });
}

function show({ kind, content, rights, time }: Thing): string {
  return [kind, content, rights, time].join(" ");
}
