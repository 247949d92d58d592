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

function changeOwner(random: Random, place: string): void {
  fs.lchownSync(place, pick(random, [0, 1, 70_001]), fs.lstatSync(place).gid);
}

function changeGroup(random: Random, place: string): void {
  fs.lchownSync(place, fs.lstatSync(place).uid, pick(random, [0, 2, 80_001]));
}

/** One bit of the mode, those for setuid, setgid and sticky included. */
function changeMode(random: Random, place: string): void {
  fs.chmodSync(place, (fs.statSync(place).mode & 0o7777) ^ (1 << Math.floor(random() * 12)));
}

function changeTime(random: Random, place: string): void {
  setTime(timeSetters()[0]!, place, 2000 + Math.floor(random() * 2), pick(random, [0, 5, 999_999_999]));
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

/** Makes a file a further name of another one beside it, or one of several names a file. */
function changeLink(random: Random, place: string): void {
  if (fs.lstatSync(place).nlink > 1) return unlinkName(random, place);
  const beside = fs.readdirSync(dirname(place), { withFileTypes: true }).filter((one) => one.isFile());
  const other = join(dirname(place), pick(random, beside).name);
  if (other === place) return;
  inside(place, () => {
    fs.rmSync(place);
    fs.linkSync(other, place);
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
  mode: [isNoLink, changeMode],
  time: [isAny, changeTime],
  "attribute of a user": [(stats) => isFile(stats) || isDir(stats), changeAttribute("user.a")],
  "attribute of root": [isAny, changeAttribute("trusted.c")],
  list: [isNoLink, changeList(aclNames.acl)],
  "default list": [isDir, changeList(aclNames.defaultAcl)],
  "hard link": [isFile, changeLink],
  "text of a link": [(stats) => stats.isSymbolicLink(), changeLinkText],
  content: [isFile, changeContent],
};
