import fs from "node:fs";
import { dirname, join } from "node:path";
import { aclNames, formatAcl } from "../../src/tree/disk/facts/acl-form.ts";
import { placeAtPath } from "../../src/tree/disk/calls/fact-place.node.ts";
import { timeSetters } from "../../src/tree/disk/calls/times.node.ts";
import { setTime } from "../unit/tree/disk/disk-tree.ts";
import { pick } from "./few-names.ts";
import { calls, randomAcl } from "./planted-facts.ts";

type Random = () => number;

/** Changes one fact of what is at a place, and nothing else. Some do it only where they can. */
type FactChange = (random: Random, place: string) => void;

type Suits = (stats: fs.Stats) => boolean;

const isAny: Suits = () => true;
const isFile: Suits = (stats) => stats.isFile();
const isDir: Suits = (stats) => stats.isDirectory();
const isNoLink: Suits = (stats) => !stats.isSymbolicLink();

/** Users and groups, two of them without a name. */
const ids = [0, 1, 70_001, 70_002];

function otherId(random: Random, id: number): number {
  return pick(
    random,
    ids.filter((each) => each !== id),
  );
}

function changeOwner(random: Random, place: string): void {
  const { uid, gid } = fs.lstatSync(place);
  fs.lchownSync(place, otherId(random, uid), gid);
}

function changeGroup(random: Random, place: string): void {
  const { uid, gid } = fs.lstatSync(place);
  fs.lchownSync(place, uid, otherId(random, gid));
}

/** Changes one of some bits of a mode, of which the first is told. */
function changeMode(first: number, count: number): FactChange {
  return (random, place) => {
    const bit = 1 << (first + Math.floor(random() * count));
    fs.chmodSync(place, (fs.statSync(place).mode & 0o7777) ^ bit);
  };
}

function changeTime(random: Random, place: string): void {
  setTime(timeSetters()[0]!, place, 2000 + Math.floor(random() * 1000), 0);
}

function changeNanoseconds(random: Random, place: string): void {
  const { mtimeNs } = fs.lstatSync(place, { bigint: true });
  setTime(timeSetters()[0]!, place, Number(mtimeNs / 1_000_000_000n), Math.floor(random() * 1e9));
}

function changeAttribute(name: string): FactChange {
  return (random, place) => {
    const at = placeAtPath(place);
    const isThere = calls!.list(at).includes(name);
    if (isThere && random() < 0.5) calls!.remove(at, name);
    else calls!.set(at, name, Buffer.from(pick(random, ["", "1", "2\0"])));
  };
}

function changeList(name: string): FactChange {
  return (random, place) => {
    const at = placeAtPath(place);
    if (calls!.list(at).includes(name) && random() < 0.5) calls!.remove(at, name);
    else calls!.set(at, name, formatAcl(randomAcl(random)));
  };
}

/** Does something in the directory of a place, which keeps its time. */
function inside(place: string, work: () => void): void {
  const { mtimeNs } = fs.statSync(dirname(place), { bigint: true });
  work();
  const [sec, nsec] = [mtimeNs / 1_000_000_000n, mtimeNs % 1_000_000_000n];
  setTime(timeSetters()[0]!, dirname(place), Number(sec), Number(nsec));
}

/** Makes a file a further name of one beside it that is like it, or one of several names a file. */
function changeLink(random: Random, place: string): void {
  const { nlink, size, uid, gid } = fs.lstatSync(place);
  if (nlink > 1) return unlinkName(random, place);
  const others = fs.readdirSync(dirname(place)).map((name) => join(dirname(place), name));
  const alike = others.filter((other) => {
    const stats = fs.lstatSync(other);
    return other !== place && stats.isFile() && stats.size === size && stats.uid === uid && stats.gid === gid;
  });
  if (alike.length === 0) return;
  inside(place, () => {
    fs.rmSync(place);
    fs.linkSync(pick(random, alike), place);
  });
}

/** What is the same under both names stays one file at a receiver, as it does with rsync. */
function unlinkName(random: Random, place: string): void {
  inside(place, () => {
    fs.rmSync(place);
    fs.writeFileSync(place, "alone");
  });
  changeTime(random, place);
}

function changeLinkText(random: Random, place: string): void {
  inside(place, () => {
    fs.rmSync(place);
    fs.symlinkSync(pick(random, ["c", "d"]), place);
  });
}

/** Content of the same length and time counts as the same, so its time is another. */
function changeContent(random: Random, place: string): void {
  const size = fs.statSync(place).size;
  fs.writeFileSync(place, "y".repeat(Math.floor(random() * 3)));
  if (fs.statSync(place).size === size) changeTime(random, place);
}

/** Each fact that an entry has, with what has it. */
export const factChanges: Readonly<Record<string, readonly [suits: Suits, change: FactChange]>> = {
  owner: [isAny, changeOwner],
  group: [isAny, changeGroup],
  mode: [isNoLink, changeMode(0, 9)],
  "setuid, setgid or sticky": [isNoLink, changeMode(9, 3)],
  time: [isAny, changeTime],
  nanoseconds: [isAny, changeNanoseconds],
  "attribute of a user": [(stats) => isFile(stats) || isDir(stats), changeAttribute("user.a")],
  "attribute of root": [isAny, changeAttribute("trusted.c")],
  list: [isNoLink, changeList(aclNames.acl)],
  "default list": [isDir, changeList(aclNames.defaultAcl)],
  "hard link": [isFile, changeLink],
  "text of a link": [(stats) => stats.isSymbolicLink(), changeLinkText],
  content: [isFile, changeContent],
};
