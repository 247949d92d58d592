import type { Subtree } from "../../src/tree/entry/subtree-digests.ts";
import { equalBytes } from "../../src/bytes/compare.ts";
import { SyncError } from "../../src/errors.ts";
import type { CutRun, SourceEntry } from "../../src/tree/source.ts";
import type { FilePart } from "../../src/session/levels/pieces/file-parts.ts";
import type { RunRequest, Scanned, ScanRequest } from "../../src/session/levels/pieces/piece-work.ts";
import { type MadeRuns } from "../../src/session/levels/pieces/run-maker.ts";
import type { Bytes } from "../../src/types.ts";
import {
  bytesOf,
  chunksOf,
  fileMacOf,
  letterBytes,
  lettersOf,
  nameOf,
  pieceMacsOf,
  subtreesOf,
  type TinyFile,
  type TinyTree,
} from "./tiny-tree.ts";

/** A source without waiting: each call is what one step of a real one does. */
export class TinySource {
  readonly files: Map<string, TinyFile>;
  /** The files as they were listed. */
  readonly listed = new Map<string, TinyFile>();
  readonly #batchEntryCount: number;
  readonly #runChunkCount: number;
  #left: string[];
  /** The files as they were when directories were read. */
  #read: TinyTree = new Map();
  /** What is being cut: the files that are left, and how far the first one is. */
  #cutting: string[] = [];
  #offset = 0;
  /** What is being scanned, likewise. */
  #scanning: ScanRequest<string>[] = [];
  #scanned = 0;

  constructor(tree: TinyTree, batchEntryCount: number, runChunkCount: number) {
    this.files = new Map(tree);
    this.#batchEntryCount = batchEntryCount;
    this.#runChunkCount = runChunkCount;
    this.#left = [...tree.keys()];
  }

  change(path: string, content: string): void {
    this.files.set(path, { content, version: this.files.get(path)!.version + 100 });
  }

  subtrees(): readonly Subtree[] {
    this.#read = new Map(this.files);
    return subtreesOf(this.#read);
  }

  list(isComplete: (path: string) => boolean): SourceEntry<string>[] | undefined {
    const batch: SourceEntry<string>[] = [];
    while (batch.length < this.#batchEntryCount && this.#left.length > 0) {
      const path = this.#left.shift()!;
      const listed = this.#describe(path);
      const isPassed = path.endsWith("/") && isComplete(path.slice(2, -1));
      if (isPassed) this.#passBelow(path);
      batch.push(isPassed ? { ...listed, entry: { ...listed.entry, isComplete: true } } : listed);
    }
    return batch.length === 0 ? undefined : batch;
  }

  /** What the target is to have of what is not listed: what was there when it was read. */
  #passBelow(dir: string): void {
    for (const path of this.#left.filter((path) => path.startsWith(dir)))
      this.listed.set(path, this.#read.get(path)!);
    this.#left = this.#left.filter((path) => !path.startsWith(dir));
  }

  #describe(path: string): SourceEntry<string> {
    const { content, version } = this.files.get(path)!;
    this.listed.set(path, { content, version });
    const names = path.replace(/\/$/, "").split("/");
    const kind = path.endsWith("/") ? ("dir" as const) : ("file" as const);
    const entry = {
      depth: names.length - 1,
      name: nameOf(names.at(-1)!),
      kind,
      size: content.length * letterBytes,
      mode: 0o644,
      mtimeSec: version,
      mtimeNsec: 0,
    };
    return { entry, file: path };
  }

  cut(files: readonly string[]): void {
    this.#cutting = [...files];
    this.#offset = 0;
  }

  step(): CutRun<string>[] | undefined {
    const file = this.#cutting[0];
    if (file === undefined) return undefined;
    const { content, version } = this.files.get(file)!;
    const from = this.#offset;
    this.#offset += this.#runChunkCount;
    if (version !== this.listed.get(file)!.version) {
      this.#next();
      return [{ file, ...chunksOf(""), end: new SyncError("CHANGED", "it changed") }];
    }
    const run = { file, ...chunksOf(content.slice(from, this.#offset)) };
    if (this.#offset < content.length) return [run];
    this.#next();
    return [{ ...run, end: "complete" }];
  }

  #next(): void {
    this.#cutting.shift();
    this.#offset = 0;
  }

  scan(requests: readonly ScanRequest<string>[]): void {
    this.#scanning = [...requests];
    this.#scanned = 0;
  }

  scanStep(): Scanned<string>[] | undefined {
    const request = this.#scanning[0];
    if (request === undefined) return undefined;
    const { file, rule } = request;
    const { content, version } = this.files.get(file)!;
    const hasChanged = version !== this.listed.get(file)!.version;
    const failure = hasChanged ? new SyncError("CHANGED", "it changed") : undefined;
    const part =
      rule === undefined || hasChanged
        ? ""
        : content.slice(this.#scanned, this.#scanned + this.#runChunkCount);
    this.#scanned += part.length;
    const isLast = rule === undefined || hasChanged || this.#scanned >= content.length;
    if (isLast) {
      this.#scanning.shift();
      this.#scanned = 0;
    }
    if (rule === undefined) return [{ do: "compared", file, end: failure ?? fileMacOf(content) }];
    const { sizes, bytes } = chunksOf(part);
    const pieces = { file, sizes, macs: pieceMacsOf(part), bytes, rule: rule!, isText: false };
    const partEnd = { ...(!isLast && { bytes: bytes.length }), mac: fileMacOf(part) };
    return [{ do: "cut", ...pieces, end: failure ?? partEnd }];
  }

  /** Makes runs of literals alone: it is told no small pieces. */
  makeRuns(requests: readonly RunRequest<string>[]): MadeRuns {
    const made = requests.map((request) => (request.isVain ? undefined : this.#contentOf(request)));
    return {
      runs: made.map((bytes) =>
        bytes instanceof Uint8Array
          ? { steps: [{ literalBytes: bytes.length }], literals: bytes, hasFailed: false }
          : { steps: [], literals: new Uint8Array(0), hasFailed: true },
      ),
      failures: made.map((bytes) => (bytes instanceof Uint8Array ? undefined : bytes)),
    };
  }

  #contentOf({ file, offset, sizes, macs, bytes }: RunRequest<string>): Bytes | SyncError {
    if (bytes !== undefined) return bytes;
    const read = this.read(file, offset, sizes.length * letterBytes);
    if (!(read instanceof Uint8Array)) return read;
    const isSame = equalBytes(pieceMacsOf(lettersOf(read)), macs);
    return isSame ? read : new SyncError("CHANGED", "it is not what was told");
  }

  readPart(file: string, { offset, bytes, mac }: FilePart): Bytes | SyncError {
    const read = this.read(file, offset, bytes);
    if (!(read instanceof Uint8Array)) return read;
    const isSame = equalBytes(fileMacOf(lettersOf(read)), mac);
    return isSame ? read : new SyncError("CHANGED", "it is not what was told");
  }

  read(path: string, offset: number, size: number): Bytes | SyncError {
    const { content } = this.files.get(path)!;
    const part = content.slice(offset / letterBytes, (offset + size) / letterBytes);
    return part.length * letterBytes === size ? bytesOf(part) : new SyncError("CHANGED", "it is shorter now");
  }
}
