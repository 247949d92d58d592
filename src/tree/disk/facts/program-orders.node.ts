import { findFuseProcess } from "../calls/fuse-process.node.ts";
import type { Mount } from "./mounts.node.ts";

/** What a program that serves a file system was told to leave as it is. */
export interface ProgramOrders {
  readonly lacksModes: boolean;
  readonly lacksUsers: boolean;
  readonly lacksGroups: boolean;
  /** True where some bits of the modes that it shows were made up. */
  readonly showsModes: boolean;
}

/** Options of bindfs(1), by what is not kept then. */
const modeWords = ["chmod-deny", "chmod-ignore"];
const userWords = ["force-user", "owner", "u", "chown-deny", "chown-ignore"];
const groupWords = ["force-group", "group", "g", "chgrp-deny", "chgrp-ignore"];
const shownWords = ["perms", "p"];

/** Options of ntfs-3g(8) by which files have modes and owners of their own. */
const ntfsWords = ["permissions", "acl", "usermapping"];

const parsers: ReadonlyMap<string, (args: readonly string[]) => ProgramOrders> = new Map([
  ["bindfs", parseViewOrders],
  ["lowntfs-3g", parseNtfsOrders],
  ["mount.lowntfs-3g", parseNtfsOrders],
  ["mount.ntfs", parseNtfsOrders],
  ["mount.ntfs-3g", parseNtfsOrders],
  ["ntfs-3g", parseNtfsOrders],
]);
const programs: ReadonlySet<string> = new Set(parsers.keys());

/** What the program that serves a mount was told; undefined when none is found. */
export function findProgramOrders(mount: Mount): ProgramOrders | undefined {
  const found = findFuseProcess(mount, programs);
  return found && parsers.get(found.program)!(found.args);
}

/** Takes the arguments of bindfs apart. */
export function parseViewOrders(args: readonly string[]): ProgramOrders {
  const words = new Map(args.flatMap(wordsOf));
  const saysOneOf = (some: readonly string[]): boolean => some.some((each) => words.has(each));
  const shown = shownWords.map((each) => words.get(each) ?? "").join(":");
  return {
    lacksModes: saysOneOf(modeWords) || saysWholeModes(shown),
    lacksUsers: saysOneOf(userWords),
    lacksGroups: saysOneOf(groupWords),
    showsModes: saysOneOf(shownWords),
  };
}

/** True when changes of modes leave no bit as it is: `0644`, or `a=rX`. */
function saysWholeModes(changes: string): boolean {
  return changes.split(/[,:]/).some((each) => /^(?:[0-7]+|a?=.*)$/.test(each));
}

/** Takes the arguments of ntfs-3g apart. */
export function parseNtfsOrders(args: readonly string[]): ProgramOrders {
  const words = new Map(args.flatMap(wordsOf));
  const lacks = !ntfsWords.some((each) => words.has(each));
  return { lacksModes: lacks, lacksUsers: lacks, lacksGroups: lacks, showsModes: false };
}

type Word = readonly [name: string, value: string];

/** The options in an argument with their values: behind `-o` stand some, with commas. */
function wordsOf(arg: string, index: number, args: readonly string[]): Word[] {
  const list = args[index - 1] === "-o" ? arg : /^-o(.+)/.exec(arg)?.[1];
  if (list !== undefined) return list.split(",").map((each) => wordOf(each));
  const long = /^--([^=].*)/s.exec(arg)?.[1];
  if (long !== undefined) return [wordOf(long)];
  const [, letter, value] = /^-([a-z])=?(.*)/s.exec(arg) ?? [];
  return letter === undefined ? [] : [[letter, value === "" ? (args[index + 1] ?? "") : value!]];
}

function wordOf(text: string): Word {
  const [, name, value = ""] = /^([^=]*)=?(.*)/s.exec(text)!;
  return [name!, value];
}
