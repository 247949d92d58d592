import fs from "node:fs";
import { pathOf } from "../bytes/byte-path.node.ts";
import { SyncError } from "../errors.ts";
import { jsonMagic, openJsonIndex } from "./json-index.node.ts";
import { sortedEntries } from "./sorted-entries.node.ts";
import { openSqlite, sqlite, sqliteMagic } from "./sqlite-file.node.ts";
import { isSqliteIndex, openSqliteIndex } from "./sqlite-index.node.ts";
import { hasTarTable, readTarTable, type TarLikeRow } from "./tar-like/tar-table.node.ts";
import { failureOfFile, tellingPath } from "./telling-path.node.ts";
import type { IndexedEntry, TreeIndex } from "./tree-index.node.ts";

/**
 * Opens an index of a tree, whatever form it has: SQLite, JSON lines, or the database of tar-like.
 *
 * @throws NOT_FOUND, BAD_MESSAGE for a file that is no such index, UNSUPPORTED for one of another
 *   version, CORRUPT, IO
 */
export function openIndex(path: string): TreeIndex {
  try {
    const index = open(path);
    return { ...index, entries: (options) => tellingPath(index.entries(options), path) };
  } catch (thrown) {
    throw failureOfFile(thrown, path);
  }
}

function open(path: string): TreeIndex {
  const start = readStart(path);
  if (start.startsWith(jsonMagic)) return openJsonIndex(path);
  if (!start.startsWith(sqliteMagic)) throw foreign();
  const database = openSqlite(path);
  let isOurs = false;
  try {
    isOurs = sqlite(path, () => isSqliteIndex(database));
    if (!isOurs && !sqlite(path, () => hasTarTable(database))) throw foreign();
  } finally {
    database.close();
  }
  return isOurs ? openSqliteIndex(path) : openTarLikeIndex(path);
}

function foreign(): SyncError {
  return new SyncError("BAD_MESSAGE", "this is not an index of a tree");
}

function readStart(path: string): string {
  // A pipe would keep us waiting for whoever writes to it.
  const fd = fs.openSync(pathOf(path), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    if (!fs.fstatSync(fd).isFile()) throw foreign();
    const bytes = Buffer.alloc(64);
    return bytes.toString("latin1", 0, fs.readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    fs.closeSync(fd);
  }
}

/** The database of tar-like, whose files come in any order, in that of an index of ours. */
function openTarLikeIndex(path: string): TreeIndex {
  const database = openSqlite(path);
  const totals = { entries: 0, files: 0, bytes: 0, sha256: "" };
  try {
    for (const rows of readTarTable(database, path)) {
      totals.entries += rows.length;
      for (const { size } of rows) totals.bytes += size;
    }
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  return {
    facts: { digest: "md5", isOfFiles: true },
    totals: { ...totals, files: totals.entries },
    entries: () => sortedEntries(entriesOf(readTarTable(database, path))),
    close: () => database.close(),
  };
}

function* entriesOf(batches: Iterable<readonly TarLikeRow[]>): Generator<readonly IndexedEntry[]> {
  for (const batch of batches) yield batch.map(({ path, size, md5 }) => fileEntry(path, size, md5));
}

/** A file of which no more is known. */
export function fileEntry(path: string, size: number, digest?: string): IndexedEntry {
  return {
    path,
    kind: "file",
    size,
    mode: undefined,
    mtimeSec: undefined,
    mtimeNsec: undefined,
    target: undefined,
    digest,
    isUnsettled: false,
  };
}
