import { SyncError } from "../../src/errors.ts";
import type { CutRun, SourceEntry } from "../../src/tree/source.ts";
import type { Bytes } from "../../src/types.ts";
import { bytesOf, chunksOf, type TinyFile, type TinyTree } from "./tiny-tree.ts";

/** A source without waiting: each call is what one step of a real one does. */
export class TinySource {
  readonly files: Map<string, TinyFile>;
  /** The files as they were listed. */
  readonly listed = new Map<string, TinyFile>();
  readonly #batchEntryCount: number;
  readonly #runChunkCount: number;
  #left: string[];
  /** What is being cut: the files that are left, and how far the first one is. */
  #cutting: string[] = [];
  #offset = 0;

  constructor(tree: TinyTree, batchEntryCount: number, runChunkCount: number) {
    this.files = new Map(tree);
    this.#batchEntryCount = batchEntryCount;
    this.#runChunkCount = runChunkCount;
    this.#left = [...tree.keys()];
  }

  change(path: string, content: string): void {
    this.files.set(path, { content, version: this.files.get(path)!.version + 100 });
  }

  list(): SourceEntry<string>[] | undefined {
    const batch = this.#left.splice(0, this.#batchEntryCount);
    return batch.length === 0 ? undefined : batch.map((path) => this.#describe(path));
  }

  #describe(path: string): SourceEntry<string> {
    const { content, version } = this.files.get(path)!;
    this.listed.set(path, { content, version });
    const names = path.replace(/\/$/, "").split("/");
    const kind = path.endsWith("/") ? ("dir" as const) : ("file" as const);
    const entry = {
      depth: names.length - 1,
      name: bytesOf(names.at(-1)!),
      kind,
      size: content.length,
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

  read(path: string, offset: number, size: number): Bytes | SyncError {
    const { content } = this.files.get(path)!;
    if (offset + size > content.length) return new SyncError("CHANGED", "it is shorter now");
    return bytesOf(content.slice(offset, offset + size));
  }
}
