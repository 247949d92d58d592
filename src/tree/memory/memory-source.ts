import { concatBytes } from "../../bytes/compare.ts";
import { createCutter } from "../../chunk/create-cutter.ts";
import type { Cutter, CutterSpec } from "../../chunk/cutter.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { SyncError } from "../../errors.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import { cutBytes } from "./memory-cut.ts";
import { readMemorySubtrees } from "./memory-subtrees.ts";
import { bytesOfName, type MemoryDir, type MemoryFile, type MemoryNode } from "./memory-tree.ts";
import type { Entry, Layout } from "../entry/entry.ts";
import { type ScanVisitor, visitBytes } from "../scan.ts";
import type { CutOptions, CutRun, SourceEntry, TreeSource } from "../source.ts";

/** A file as it was listed, and where it is looked up again. */
export interface MemorySourceFile {
  readonly dir: MemoryDir;
  readonly name: string;
  readonly listed: MemoryNode;
}

/** How `memorySource` names what it sends. */
export interface MemorySourceOptions {
  /** The directory's own name; without it only its content is sent. */
  readonly name?: string;
}

/** Chunks in one run, at most. */
const runCount = 128;

/** Sends a directory in memory. */
export function memorySource(
  dir: MemoryDir,
  options: MemorySourceOptions = {},
): TreeSource<MemorySourceFile> & { readonly layout: Layout } {
  const { name = "." } = options;
  return {
    takesAnyDigest: true,
    layout: options.name === undefined ? "contents" : "named",
    subtrees: { topName: bytesOfName(name), read: (given) => readMemorySubtrees(dir, given) },
    async *entries({ isComplete = () => false, signal }) {
      signal?.throwIfAborted();
      yield [...list({ dir, name, listed: dir }, [], isComplete)];
    },
    cut: cutFiles,
    scan: scanFiles,
    async read(file, offset, size, { signal }) {
      signal?.throwIfAborted();
      const { bytes } = findFile(file);
      if (offset + size > bytes.length) throw changed(file);
      return bytes.slice(offset, offset + size);
    },
    async close() {},
  };
}

/** @param path names of the directories around it, without the top one */
function* list(
  file: MemorySourceFile,
  path: readonly string[],
  isComplete: (path: string) => boolean,
  depth = 0,
): Generator<SourceEntry<MemorySourceFile>> {
  const { listed, name } = file;
  const entry = describe(listed, bytesOfName(name), depth);
  const isListedWhole = listed.kind === "dir" && isComplete(path.join("/"));
  yield { entry: isListedWhole ? { ...entry, isComplete: true } : entry, file };
  if (listed.kind !== "dir" || isListedWhole) return;
  for (const below of [...listed.children.keys()].sort()) {
    const child = { dir: listed, name: below, listed: listed.children.get(below)! };
    yield* list(child, [...path, below], isComplete, depth + 1);
  }
}

function describe(node: MemoryNode, name: Bytes, depth: number): Entry {
  const { kind, mode, mtimeSec, mtimeNsec } = node;
  const entry = { depth, name, kind, size: 0, mode, mtimeSec, mtimeNsec };
  if (node.kind === "symlink") return { ...entry, target: node.target };
  return node.kind === "file" ? { ...entry, size: node.bytes.length } : entry;
}

async function* cutFiles(
  files: readonly MemorySourceFile[],
  spec: CutterSpec,
  { signal, digest }: CutOptions,
): AsyncGenerator<readonly CutRun<MemorySourceFile>[]> {
  const cutter = createCutter(spec);
  for (const file of files) {
    signal?.throwIfAborted();
    try {
      for (const run of cutFile(file, findFile(file), cutter, digest)) yield [run];
      findFile(file);
      yield [{ ...emptyRun(file), end: "complete" }];
    } catch (thrown) {
      if (!(thrown instanceof SyncError)) throw thrown;
      yield [{ ...emptyRun(file), end: thrown }];
    }
  }
}

async function* scanFiles(
  files: readonly MemorySourceFile[],
  room: Bytes,
  visitor: ScanVisitor<MemorySourceFile>,
  { signal }: AbortOptions,
): AsyncGenerator<void> {
  for (const file of files) {
    signal?.throwIfAborted();
    scanFile(file, room, visitor);
    yield;
  }
}

function scanFile(file: MemorySourceFile, room: Bytes, visitor: ScanVisitor<MemorySourceFile>): void {
  try {
    visitBytes(file, findFile(file).bytes, room, visitor);
  } catch (thrown) {
    if (!(thrown instanceof SyncError)) throw thrown;
    visitor.end(file, thrown);
    return;
  }
  visitor.end(file, "complete");
}

function* cutFile(
  file: MemorySourceFile,
  { bytes }: MemoryFile,
  cutter: Cutter,
  digest: ChunkDigest | undefined,
): Generator<CutRun<MemorySourceFile>> {
  const chunks = [...cutBytes(bytes, cutter, digest)];
  for (let at = 0; at < chunks.length; at += runCount) {
    const some = chunks.slice(at, at + runCount);
    yield {
      file,
      sizes: some.map((chunk) => chunk.bytes.length),
      ids: concatBytes(some.map((chunk) => chunk.id)),
      bytes: concatBytes(some.map((chunk) => chunk.bytes)),
    };
  }
}

/** The file, if it is still the one that was listed. */
function findFile(file: MemorySourceFile): MemoryFile {
  const now = file.dir.children.get(file.name);
  if (now === undefined) throw new SyncError("VANISHED", "a file is gone", { detail: { path: file.name } });
  if (now !== file.listed || now.kind !== "file") throw changed(file);
  return now;
}

function changed({ name }: MemorySourceFile): SyncError {
  return new SyncError("CHANGED", "a file changed after it was listed", { detail: { path: name } });
}

function emptyRun(file: MemorySourceFile): CutRun<MemorySourceFile> {
  return { file, sizes: [], ids: new Uint8Array(), bytes: new Uint8Array() };
}
