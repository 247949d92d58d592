import { SyncError } from "../errors.ts";
import { fileEntry } from "./open-index.node.ts";
import { digestNames, type IndexedEntry } from "./tree-index.node.ts";

/** What a column of a foreign listing is, by the names that others give it, in lowercase. */
const meanings: Readonly<Record<string, string>> = {
  path: "path",
  key: "path",
  name: "path",
  file: "path",
  size: "size",
  bytes: "size",
  hash: "digest",
  digest: "digest",
  etag: "etag",
  mtime: "mtime",
  lastmodified: "mtime",
  last_modified: "mtime",
  lastmodifieddate: "mtime",
  islatest: "isLatest",
  isdeletemarker: "isDeleteMarker",
  ...Object.fromEntries(digestNames.map((name) => [name, name])),
};

/** How rows of a foreign listing are read. */
export interface FieldReader {
  readonly digest: string | undefined;
  /** The path that a row tells of; nothing for an object that is no more. @throws BAD_MESSAGE */
  read(row: readonly unknown[]): IndexedEntry | undefined;
}

/** The columns of a listing whose first row names them; undefined where it is like the others. */
export function findColumns(row: readonly string[]): readonly string[] | undefined {
  const names = row.map((name) => name.trim().toLowerCase());
  return names.some((name) => meanings[name] === "path") ? names : undefined;
}

/**
 * Reads rows whose columns are called so. Others than those of a path, a size, a digest, and a time
 * are passed over.
 *
 * @param digest of what kind a digest is whose column does not tell
 * @throws USAGE for columns without a path and a size
 */
export function fieldReader(columns: readonly string[], digest: string | undefined): FieldReader {
  const at = new Map<string, number>();
  for (const [i, column] of columns.entries()) {
    const meaning = meanings[column.trim().toLowerCase()];
    if (meaning !== undefined && !at.has(meaning)) at.set(meaning, i);
  }
  if (!at.has("path") || !at.has("size"))
    throw new SyncError("USAGE", "a listing has to have columns of a path and a size; see --columns");
  const named = digestNames.find((name) => at.has(name));
  const kind = named ?? (at.has("digest") ? digest : at.has("etag") ? "md5" : undefined);
  const digestAt = at.get(named ?? (at.has("digest") ? "digest" : "etag"));
  return {
    digest: kind,
    read(row) {
      const text = (name: string): string | undefined => textAt(row, at.get(name));
      if (text("isLatest") === "false" || text("isDeleteMarker") === "true") return undefined;
      const path = text("path");
      const size = Number(text("size"));
      if (path === undefined || path === "" || !Number.isSafeInteger(size) || size < 0)
        throw new SyncError("BAD_MESSAGE", "a row of a listing has no path or no size", {
          ...(path !== undefined && { detail: { path } }),
        });
      if (path.endsWith("/")) return undefined; // an object that stands for a directory
      const value = kind === undefined ? undefined : textAt(row, digestAt)?.replaceAll('"', "").toLowerCase();
      // Of an object that came in parts an ETag is no digest of the content.
      const isDigest =
        value !== undefined && digestLength(kind!) === value.length && /^[0-9a-f]+$/.test(value);
      return { ...fileEntry(path, size, isDigest ? value : undefined), ...timeOf(text("mtime")) };
    },
  };
}

function textAt(row: readonly unknown[], at: number | undefined): string | undefined {
  const value = at === undefined ? undefined : row[at];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** Hex digits of a digest. */
function digestLength(name: string): number {
  return { md5: 32, sha1: 40, sha256: 64 }[name] ?? 128;
}

/** A time as seconds, or as ISO 8601 has it; nothing for anything else. */
function timeOf(text: string | undefined): Pick<IndexedEntry, "mtimeSec" | "mtimeNsec"> | undefined {
  if (text === undefined || text === "") return undefined;
  const [, seconds, fraction = ""] = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds !== undefined) return { mtimeSec: Number(seconds), mtimeNsec: Number(fraction.padEnd(9, "0")) };
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  const mtimeSec = Math.floor(ms / 1000);
  return { mtimeSec, mtimeNsec: (ms - mtimeSec * 1000) * 1_000_000 };
}
