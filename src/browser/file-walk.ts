import { compareBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import { domTrouble } from "../store/dom-trouble.ts";
import { findNameFault, maxDepth } from "../tree/entry/entry-order.ts";
import { stagingName } from "../tree/entry/staging-name.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { SourceEntry, SourceOptions } from "../tree/source.ts";
import type { Bytes } from "../types.ts";
import type { FileRecord } from "./folder-record.ts";
import type { FoundDir, FoundFile } from "./picked.ts";

/** A file of a browser as it was listed. */
export interface ListedFile {
  readonly path: string;
  /** Absent for a directory. */
  readonly file?: File;
}

/** How `walkFiles` lists. */
interface FileWalkOptions extends SourceOptions {
  /** What is known of the files beyond what the browser says, by path. */
  readonly records: ReadonlyMap<string, FileRecord>;
}

/** Files looked at together. */
const batchCount = 256;

interface Named {
  readonly bytes: Bytes;
  readonly path: string;
  readonly found: FoundFile | FoundDir;
}

/**
 * What is in a tree, in canonical order and in batches; the root itself comes first. What cannot be
 * had is told and left out.
 */
export async function* walkFiles(
  root: FoundDir,
  options: FileWalkOptions,
): AsyncGenerator<readonly SourceEntry<ListedFile>[]> {
  const now = Date.now();
  let batch = [describeDir(Uint8Array.of(0x2e), 0, "", now)];
  for await (const each of walkDir(root, "", 1, options, now)) {
    batch.push(each);
    if (batch.length < batchCount) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* walkDir(
  dir: FoundDir,
  path: string,
  depth: number,
  options: FileWalkOptions,
  now: number,
): AsyncGenerator<SourceEntry<ListedFile>> {
  const all = await dir.list().catch((thrown: unknown) => {
    options.onTrouble?.(domTrouble(thrown, path));
    return [];
  });
  const below = sorted(all, path, depth, options);
  for (let at = 0; at < below.length; at += batchCount) {
    options.signal?.throwIfAborted();
    const some = below.slice(at, at + batchCount);
    const opened = await Promise.all(some.map((each) => describe(each, depth, options, now)));
    for (const [i, entry] of opened.entries()) {
      if (entry) yield entry;
      const { found, path } = some[i]!;
      if (found.kind === "dir") yield* walkDir(found, path, depth + 1, options, now);
    }
  }
}

function sorted(
  all: readonly (FoundFile | FoundDir)[],
  path: string,
  depth: number,
  { onTrouble }: FileWalkOptions,
): Named[] {
  const encoder = new TextEncoder();
  const prefix = path === "" ? "" : `${path}/`;
  const named = all
    .filter(({ name }) => name !== stagingName)
    .map((found) => ({ bytes: encoder.encode(found.name), path: `${prefix}${found.name}`, found }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes));
  return named.filter((each, i) => {
    const before = named[i - 1];
    const isTwin = before !== undefined && compareBytes(before.bytes, each.bytes) === 0;
    const fault = isTwin ? "is there twice" : findNameFault(each.bytes);
    if (fault === undefined && depth <= maxDepth) return true;
    const message = fault === undefined ? "a directory is nested too deeply" : `a name ${fault}`;
    onTrouble?.(new SyncError("PATH", message, { detail: { path: each.path } }));
    return false;
  });
}

async function describe(
  { bytes, path, found }: Named,
  depth: number,
  { onTrouble, records }: FileWalkOptions,
  now: number,
): Promise<SourceEntry<ListedFile> | undefined> {
  if (found.kind === "dir") return describeDir(bytes, depth, path, now);
  try {
    const file = await found.open();
    const { size, lastModified } = file;
    const known = records.get(path);
    const isKnown = known?.size === size && known.storedMs === lastModified;
    const metadata = isKnown ? metadataOf(known) : { mode: 0o644, ...timeOf(lastModified) };
    return { entry: { depth, name: bytes, kind: "file", size, ...metadata }, file: { path, file } };
  } catch (thrown) {
    onTrouble?.(domTrouble(thrown, path));
    return undefined;
  }
}

/** Browsers do not tell a directory's time, so it is that of the walk. */
function describeDir(name: Bytes, depth: number, path: string, now: number): SourceEntry<ListedFile> {
  return { entry: { depth, name, kind: "dir", size: 0, mode: 0o755, ...timeOf(now) }, file: { path } };
}

function metadataOf({
  mode,
  mtimeSec,
  mtimeNsec,
}: FileRecord): Pick<Entry, "mode" | "mtimeSec" | "mtimeNsec"> {
  return { mode, mtimeSec, mtimeNsec };
}

function timeOf(ms: number): Pick<Entry, "mtimeSec" | "mtimeNsec"> {
  const mtimeSec = Math.floor(ms / 1000);
  return { mtimeSec, mtimeNsec: Math.round((ms - mtimeSec * 1000) * 1e6) % 1_000_000_000 };
}
