import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SyncError, toSyncError } from "../errors.ts";
import { isMissing, uploadsName } from "./dir-paths.node.ts";
import { factsOfFile } from "./dir-facts.node.ts";
import { compareKeys } from "./key-order.ts";
import type { KeyRange, ListedObject } from "./object-bucket.ts";

const pageLength = 1000;
/** A mark of the order of bytes at the beginning is a part of the name. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
  root: string,
  range: KeyRange,
  onSkipped: (error: SyncError) => void,
): AsyncGenerator<readonly ListedObject[]> {
  let page: ListedObject[] = [];
  for (const object of walk(root, "", range, onSkipped)) {
    page.push(object);
    if (page.length < pageLength) continue;
    yield page;
    page = [];
  }
  yield page;
}

function* walk(
  path: string,
  before: string,
  range: KeyRange,
  onSkipped: (error: SyncError) => void,
): Generator<ListedObject> {
  for (const { name, entry } of namesIn(path, before, onSkipped)) {
    const key = before + name;
    if (before === "" && name === `${uploadsName}/`) continue;
    const child = join(path, entry.name.toString());
    if (entry.isDirectory()) {
      if (isBehind(key, range)) yield { key, sizeBytes: 0, writtenMs: 0, mark: "", isImplied: true };
      if (mayHold(key, range)) yield* walk(child, key, range, onSkipped);
    } else if (isBehind(key, range)) {
      const object = entry.isFile() ? look(child, key) : undefined;
      if (object) yield object;
      else if (!entry.isFile()) onSkipped(noKey(key, "only files and directories become objects"));
    }
  }
}

/** The names in a directory in the order of keys; nothing when it is gone. */
function namesIn(path: string, before: string, onSkipped: (error: SyncError) => void): readonly Named[] {
  const named: Named[] = [];
  for (const entry of entriesOf(path, before)) {
    try {
      named.push({ name: utf8.decode(entry.name) + (entry.isDirectory() ? "/" : ""), entry });
    } catch {
      onSkipped(noKey(before + entry.name.toString(), "a name that is no UTF-8 is no key"));
    }
  }
  return named.sort((a, b) => compareKeys(a.name, b.name));
}

function entriesOf(path: string, before: string): readonly Dirent<Buffer>[] {
  try {
    return readdirSync(path, { withFileTypes: true, encoding: "buffer" }) as unknown as Dirent<Buffer>[];
  } catch (thrown) {
    if (before !== "" && isMissing(thrown)) return [];
    throw toSyncError(thrown, "IO", { path });
  }
}

function look(path: string, key: string): ListedObject | undefined {
  try {
    return { key, ...factsOfFile(lstatSync(path, { bigint: true })) };
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw toSyncError(thrown, "IO", { path });
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
