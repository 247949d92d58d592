import fs from "node:fs";
import { posix } from "node:path";
import { byteStringOf, bytesOfString } from "../bytes/byte-string.ts";
import { decodeByteText, encodeByteText } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import { nativePath, type ByteString } from "../tree/disk/calls/byte-string.node.ts";
import { DirFilters } from "../tree/disk/source/dir-filters.node.ts";
import { DirNode } from "../tree/disk/calls/dir-node.node.ts";
import { fileTrouble, isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import type { FilterSide, PatternRule } from "../tree/filter/rule.ts";
import { ruleText } from "../tree/filter/rule-text.ts";
import { loadFilter } from "./filter-loading.node.ts";
import type { FilterOptions } from "./filter-options.ts";

/** What is asked of a filter. */
export interface FilterQuestion extends FilterOptions {
  readonly side: FilterSide;
  /** A place here, with rsync's meaning of a slash at its end. */
  readonly place: string;
  /** A path as rules see it; a slash at its end says that it is a directory. */
  readonly path: string;
  /** True when the paths begin with the last name of the place. */
  readonly isNamed: boolean;
}

/** What a filter says to a path. */
export interface FilterAnswer {
  /** The path, or the directory around it that decides. */
  readonly path: string;
  readonly verdict: "excluded" | "included";
  /** The rule that decided; absent where none matches. */
  readonly rule?: string;
  /** The file that the rule is in, and its line there. */
  readonly file?: string;
  readonly line?: number;
}

/**
 * Returns what a filter says to a path, or to the first directory around it that is excluded.
 *
 * @throws USAGE, LIMIT, NOT_FOUND, IO
 */
export async function explainFilter(question: FilterQuestion): Promise<FilterAnswer> {
  const { isNamed, side } = question;
  const { filter } = await loadFilter(question, side);
  const path = encode(question.path).replace(/^\//, "");
  if (!filter) return answer(path, undefined);
  const root = encode(question.place).replace(/(?<=.)\/+$/, "");
  const place = isNamed ? posix.dirname(root) : root;
  const held = openDirs(root);
  try {
    const named = { name: posix.basename(root) };
    const filters = new DirFilters(filter, held, { side, place, root: isNamed ? named : "contents" });
    return explainIn(
      filters,
      isNamed ? undefined : held.root,
      isDirAt(place, path) ? `${path}/` : path,
      held,
    );
  } finally {
    held.close();
  }
}

/** @param top the directory that the path begins in; undefined for the one around the root */
function explainIn(
  filters: DirFilters,
  top: DirNode | undefined,
  path: ByteString,
  { root }: HeldDirs,
): FilterAnswer {
  const names = path.split("/").filter((name) => name !== "");
  const last = names.length - 1;
  let dir = top;
  let rule: PatternRule | undefined;
  for (const [i, name] of names.entries()) {
    rule = (dir ? filters.of(dir) : filters.top).find(name, i < last || path.endsWith("/"));
    if (rule?.isInclude === false) return answer(names.slice(0, i + 1).join("/"), rule);
    dir = dir ? new DirNode(dir, name) : root;
  }
  return answer(names.join("/"), rule);
}

function encode(text: string): ByteString {
  return byteStringOf(encodeByteText(text));
}

function decode(text: ByteString): string {
  return decodeByteText(bytesOfString(text));
}

function openDirs(root: ByteString): HeldDirs {
  try {
    return new HeldDirs(bytesOfString(root));
  } catch (thrown) {
    const about = { cause: thrown, detail: { path: decode(root) } };
    if (isErrno(thrown, "ENOENT"))
      throw new SyncError("NOT_FOUND", "no such file or directory; rules are asked in a tree", about);
    if (isErrno(thrown, "ENOTDIR"))
      throw new SyncError("USAGE", "rules are asked in a directory, and this is none", about);
    throw fileTrouble(thrown, decode(root));
  }
}

function isDirAt(top: ByteString, below: ByteString): boolean {
  try {
    return fs.lstatSync(nativePath(`${top}/${below}`)).isDirectory();
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT", "ENOTDIR")) return false;
    throw fileTrouble(thrown, decode(below));
  }
}

function answer(path: ByteString, rule: PatternRule | undefined): FilterAnswer {
  const about = { path: decode(path), verdict: rule?.isInclude === false ? "excluded" : "included" } as const;
  if (!rule) return about;
  const { origin } = rule;
  return {
    ...about,
    rule: decode(ruleText(rule)),
    ...(origin && { file: decode(origin.file), line: origin.line }),
  };
}
