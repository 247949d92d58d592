import fs, { type Dirent } from "node:fs";
import { byteStringOf } from "../bytes/byte-string.ts";
import { decodeByteText, decodeUtf8 } from "../bytes/byte-text.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { DirNode, type NameIn } from "../tree/disk/calls/dir-node.node.ts";
import type { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import { factsOfFile } from "./dir-facts.node.ts";
import { type DirKeys, isMissing, isReservedName } from "./dir-keys.node.ts";
import { compareKeys } from "./key-order.ts";
import type { KeyRange, ListedObject } from "./object-bucket.ts";

const pageLength = 1000;

/**
 * A name in a directory, with a slash behind that of a directory, so that it stands where its keys
 * do.
 */
interface Named {
  readonly name: string;
  readonly entry: Dirent<Buffer>;
}

/**
 * The files of a directory in the order of their keys, and its directories as what folder markers
 * stand for.
 *
 * @param onSkipped gets what no key can stand for: links, devices, names that are no UTF-8
 * @throws IO for a directory that cannot be read, so that what is listed is all there is
 */
export async function* listDirectory(
  keys: DirKeys,
  range: KeyRange,
  onSkipped: (error: SyncError) => void,
): AsyncGenerator<readonly ListedObject[]> {
  const held = heldIn(keys);
  let page: ListedObject[] = [];
  for (const object of walk(held, { range, onSkipped }, "")) {
    page.push(object);
    if (page.length < pageLength) continue;
    yield page;
    page = [];
  }
  // Of one that was removed nothing is listed, whatever stands in its place.
  if (!held.isRootInPlace())
    throw new SyncError("IO", "the directory was moved or removed while in use", {
      detail: { path: keys.root },
    });
  yield page;
}

/** @throws IO where there is no directory */
function heldIn(keys: DirKeys): HeldDirs {
  try {
    return keys.held;
  } catch (thrown) {
    throw toSyncError(thrown, "IO", { path: keys.root });
  }
}

/** What is listed, and who hears of what is not. */
interface Walk {
  readonly range: KeyRange;
  readonly onSkipped: (error: SyncError) => void;
}

function* walk(
  held: HeldDirs,
  what: Walk,
  before: string,
  dir: DirNode = held.root,
): Generator<ListedObject> {
  const { range, onSkipped } = what;
  for (const { name, entry } of namesIn(held, dir, before, onSkipped)) {
    const key = before + name;
    if (isReservedName(name.replace(/\/$/, ""), before === "")) continue;
    const place = { dir, name: byteStringOf(entry.name) };
    if (entry.isDirectory()) {
      if (isBehind(key, range)) yield { key, sizeBytes: 0, writtenMs: 0, mark: "", isImplied: true };
      if (!mayHold(key, range)) continue;
      const child = new DirNode(dir, place.name);
      yield* walk(held, what, key, child);
      held.leave(child);
    } else if (isBehind(key, range)) {
      const object = entry.isFile() ? look(held, place, key) : undefined;
      if (object) yield object;
      else if (!entry.isFile()) onSkipped(noKey(key, "only files and directories become objects"));
    }
  }
}

/** The names in a directory in the order of keys; nothing when it is gone. */
function namesIn(
  held: HeldDirs,
  dir: DirNode,
  before: string,
  onSkipped: (error: SyncError) => void,
): readonly Named[] {
  const named: Named[] = [];
  for (const entry of entriesOf(held, dir, before)) {
    const text = decodeUtf8(entry.name);
    if (text !== undefined) named.push({ name: text + (entry.isDirectory() ? "/" : ""), entry });
    else onSkipped(noKey(before + decodeByteText(entry.name), "a name that is no UTF-8 is no key"));
  }
  return named.sort((a, b) => compareKeys(a.name, b.name));
}

function entriesOf(held: HeldDirs, dir: DirNode, before: string): readonly Dirent<Buffer>[] {
  try {
    const options = { withFileTypes: true, encoding: "buffer" } as const;
    return fs.readdirSync(held.pathTo(dir), options) as unknown as Dirent<Buffer>[];
  } catch (thrown) {
    if (before !== "" && isMissing(thrown)) return [];
    throw toSyncError(thrown, "IO", { path: before });
  }
}

function look(held: HeldDirs, { dir, name }: NameIn, key: string): ListedObject | undefined {
  try {
    return { key, ...factsOfFile(fs.lstatSync(held.at(dir, name), { bigint: true })) };
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw toSyncError(thrown, "IO", { path: key });
  }
}

function isBehind(key: string, { prefix, after }: KeyRange): boolean {
  return key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0);
}

/** True when keys of the range may lie below a directory. */
function mayHold(key: string, { prefix, after = "" }: KeyRange): boolean {
  if (!key.startsWith(prefix) && !prefix.startsWith(key)) return false;
  return after.startsWith(key) || compareKeys(key, after) > 0;
}

function noKey(path: string, message: string): SyncError {
  return new SyncError("SKIPPED", message, { detail: { path } });
}
