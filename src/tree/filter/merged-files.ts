import type { ByteString } from "../../bytes/byte-string.ts";
import type { DirMergeRule, FilterRule } from "./rule.ts";

/** The name of a merged file, without the path in front of it. */
export function mergedName({ file }: DirMergeRule): ByteString {
  return file.slice(file.lastIndexOf("/") + 1);
}

/** The rules, but for merges of a file of which there is one, in them or in others, already. */
export function withoutRepetition(
  rules: readonly FilterRule[],
  others: readonly DirMergeRule[] = [],
): readonly FilterRule[] {
  const names = new Set(others.map(mergedName));
  return rules.filter((rule) => {
    if (rule.type !== "dir-merge") return true;
    const count = names.size;
    return names.add(mergedName(rule)).size > count;
  });
}

/**
 * The directories above a directory in which a file is looked for because of the path in front of
 * its name, from the top down. None when that leads to no directory above it.
 *
 * @param dir an absolute path without the first slash and with one at the end
 * @returns paths in the same form
 */
export function dirsAbove({ file }: DirMergeRule, dir: ByteString): readonly ByteString[] {
  if (!file.includes("/")) return [];
  const from = file.slice(0, file.lastIndexOf("/") + 1);
  const start = normalize(from.startsWith("/") ? from : dir + from);
  if (!dir.startsWith(start)) return [];
  const dirs: ByteString[] = [];
  for (let end = start.length; end < dir.length; end = dir.indexOf("/", end) + 1)
    dirs.push(dir.slice(0, end));
  return dirs;
}

function normalize(path: ByteString): ByteString {
  const names: ByteString[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names.map((name) => `${name}/`).join("");
}
