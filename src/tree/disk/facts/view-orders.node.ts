import fs from "node:fs";
import path from "node:path";
import { nativePath, toByteString } from "../calls/byte-string.node.ts";
import type { Mount } from "./mounts.node.ts";

/** What a program that shows one directory in the place of another was told to leave as it is. */
export interface ViewOrders {
  readonly lacksModes: boolean;
  readonly lacksUsers: boolean;
  readonly lacksGroups: boolean;
  /** True where it shows modes that were made up. */
  readonly showsModes: boolean;
}

/** Options of bindfs(1), by what is not kept then. */
const modeWords = ["chmod-deny", "chmod-ignore"];
const userWords = ["force-user", "owner", "u", "chown-deny", "chown-ignore"];
const groupWords = ["force-group", "group", "g", "chgrp-deny", "chgrp-ignore"];
const shownWords = ["perms", "p"];

/**
 * What the bindfs that serves a mount was told, by the arguments of its process; undefined when
 * none is found, as in another container, or when it is not certain which one it is.
 */
export function findViewOrders({ point, source }: Mount): ViewOrders | undefined {
  const name = path.posix.basename(point);
  const found = processIds().flatMap((id) => {
    const args = argumentsOf(id, source);
    return args?.some((each) => path.posix.basename(each) === name) === true ? [args] : [];
  });
  return found.length === 1 ? parseViewOrders(found[0]!) : undefined;
}

/** Takes the arguments of bindfs apart. */
export function parseViewOrders(args: readonly string[]): ViewOrders {
  const words = new Set(args.flatMap(wordsOf));
  const saysOneOf = (some: readonly string[]): boolean => some.some((each) => words.has(each));
  return {
    lacksModes: saysOneOf(modeWords),
    lacksUsers: saysOneOf(userWords),
    lacksGroups: saysOneOf(groupWords),
    showsModes: saysOneOf(shownWords),
  };
}

/** The names of options in an argument: behind `-o` stand some, with commas between them. */
function wordsOf(arg: string, index: number, args: readonly string[]): string[] {
  const list = args[index - 1] === "-o" ? arg : /^-o(.+)/.exec(arg)?.[1];
  if (list !== undefined) return list.split(",").map((each) => each.replace(/=.*/s, ""));
  const word = /^--([^=]+)|^-([a-z])/.exec(arg);
  return word ? [word[1] ?? word[2]!] : [];
}

function processIds(): string[] {
  try {
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** The arguments of a bindfs that works in a directory, the one that it shows. */
function argumentsOf(id: string, dir: string): string[] | undefined {
  try {
    const text = toByteString(fs.readFileSync(`/proc/${id}/cmdline`));
    const [program = "", ...args] = text.split("\0");
    if (path.posix.basename(program) !== "bindfs") return undefined;
    const shown = toByteString(fs.readlinkSync(nativePath(`/proc/${id}/cwd`), "buffer"));
    return shown === dir ? args : undefined;
  } catch {
    return undefined; // it ended, or is somebody else's
  }
}
