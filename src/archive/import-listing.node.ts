import fs from "node:fs";
import { dirname, join, basename } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { pathOf } from "../bytes/byte-path.node.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { csvRows } from "./csv-rows.ts";
import { fieldReader, type FieldReader, findColumns } from "./listed-fields.node.ts";
import { listingLimits } from "./listing-limits.ts";
import { failureOfFile, tellingPath } from "./telling-path.node.ts";
import { linesOf } from "./text-lines.ts";
import type { IndexedEntry } from "./tree-index.node.ts";

/** How a foreign listing is read. */
export interface ImportOptions {
  /** What its columns are, where no row names them. */
  readonly columns?: readonly string[] | undefined;
  /** Of what kind its digests are, where their column does not tell. */
  readonly digest?: string | undefined;
}

/** A foreign listing of files, in whatever order it has. */
export interface ForeignListing {
  /** Of what kind its digests are; undefined for none, or before the first row. */
  readonly digest: string | undefined;
  readonly entries: AsyncIterable<readonly IndexedEntry[]>;
}

/**
 * Opens a listing of files that somebody else has made: CSV, JSON lines, each of them also
 * compressed by gzip, or the manifest of an S3 inventory, whose files lie beside it.
 *
 * @throws NOT_FOUND, USAGE, BAD_MESSAGE, IO
 */
export async function openListing(path: string, options: ImportOptions = {}): Promise<ForeignListing> {
  try {
    return await open(path, options);
  } catch (thrown) {
    throw failureOfFile(thrown, path);
  }
}

async function open(path: string, options: ImportOptions): Promise<ForeignListing> {
  const manifest = readManifest(path);
  if (manifest) return inventory(manifest);
  const first = await firstLine(path);
  if (first.startsWith("{")) return jsonListing(path, first, options);
  const named = options.columns
    ? undefined
    : findColumns(first.split(",").map((name) => name.replaceAll('"', "")));
  const columns = options.columns ?? named;
  if (!columns) throw new SyncError("USAGE", "the first row names no columns; name them with --columns");
  const reader = fieldReader(columns, options.digest);
  return { digest: reader.digest, entries: tellingPath(csvEntries(path, reader, named ? 1 : 0), path) };
}

async function* csvEntries(
  path: string,
  reader: FieldReader,
  skipped: number,
  decode = (row: readonly string[]) => row,
): AsyncGenerator<readonly IndexedEntry[]> {
  let skip = skipped;
  for await (const rows of csvRows(contentOf(path))) {
    const read = rows.slice(skip).flatMap((row) => reader.read(decode(row)) ?? []);
    skip = Math.max(0, skip - rows.length);
    yield read;
  }
}

/** Lines of JSON, each with the members that the first has. */
function jsonListing(path: string, first: string, { digest }: ImportOptions): ForeignListing {
  const columns = Object.keys(parse(first));
  const reader = fieldReader(columns, digest);
  const entries = async function* (): AsyncGenerator<readonly IndexedEntry[]> {
    for await (const lines of linesOf(contentOf(path)))
      yield lines.flatMap((line) => {
        if (line.trim() === "") return [];
        const record = parse(line);
        return reader.read(columns.map((name) => record[name])) ?? [];
      });
  };
  return { digest: reader.digest, entries: tellingPath(entries(), path) };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new SyncError("BAD_MESSAGE", "a line of a listing is no JSON record");
}

/** What the manifest of an inventory says. */
interface Manifest {
  readonly columns: readonly string[];
  readonly files: readonly string[];
}

function readManifest(path: string): Manifest | undefined {
  if (!path.endsWith(".json") || fs.statSync(pathOf(path)).size > listingLimits.manifestBytes)
    return undefined;
  const { fileFormat, fileSchema, files } = parse(fs.readFileSync(pathOf(path), "utf8"));
  if (typeof fileSchema !== "string" || !Array.isArray(files)) return undefined;
  if (fileFormat !== "CSV") throw new SyncError("UNSUPPORTED", "only inventories of CSV files are read");
  const names = files.map((file: { key?: unknown }) => basename(String(file.key)));
  return { columns: fileSchema.split(","), files: names.map((name) => placeOf(path, name)) };
}

/** Where a file of an inventory lies: beside the manifest, or in `data`, as in the bucket. */
function placeOf(manifest: string, name: string): string {
  const around = dirname(manifest);
  const places = [join(around, name), join(around, "data", name), join(around, "..", "data", name)];
  const found = places.find((place) => fs.existsSync(pathOf(place)));
  if (found !== undefined) return found;
  throw new SyncError("NOT_FOUND", "a file of the inventory is not beside its manifest", {
    detail: { path: name },
  });
}

function inventory({ columns, files }: Manifest): ForeignListing {
  const reader = fieldReader(columns, undefined);
  const keyAt = columns.findIndex((name) => name.trim().toLowerCase() === "key");
  const decode = (row: readonly string[]): readonly string[] =>
    row.map((value, at) => (at === keyAt ? decodeKey(value) : value));
  const entries = async function* (): AsyncGenerator<readonly IndexedEntry[]> {
    for (const file of files) yield* tellingPath(csvEntries(file, reader, 0, decode), file);
  };
  return { digest: reader.digest, entries: entries() };
}

/** A key as it is, of one that is written as in a query. @throws BAD_MESSAGE */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    throw new SyncError("BAD_MESSAGE", "a key of the inventory is written wrongly", { cause });
  }
}

/** What is in a file, or in what was compressed into it. */
function contentOf(path: string): AsyncIterable<Bytes> {
  const stream = fs.createReadStream(pathOf(path));
  return path.endsWith(".gz") ? pipeline(stream, createGunzip(), () => {}) : stream;
}

async function firstLine(path: string): Promise<string> {
  for await (const lines of linesOf(contentOf(path)))
    if (lines.length > 0) return lines[0]!.replace(/\r$/, "");
  return "";
}
