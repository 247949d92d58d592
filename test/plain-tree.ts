import { toHex } from "../src/bytes/hex.ts";
import { createCutter } from "../src/chunk/create-cutter.ts";
import type { CutterSpec } from "../src/chunk/cutter.ts";
import { sha256 } from "../src/chunk/digest.ts";
import { SyncError } from "../src/errors.ts";
import type { Entry, Layout } from "../src/tree/entry/entry.ts";
import type { CutRun, SourceEntry, TreeSource } from "../src/tree/source.ts";
import type { ListedChunks, Need, Placement, TargetOptions, TreeTarget } from "../src/tree/target.ts";
import type { Bytes } from "../src/types.ts";

/**
 * One path of a plain tree: the slow, obvious twin of a real one, for tests of the session alone.
 */
export interface PlainEntry {
  readonly kind: "file" | "dir" | "symlink";
  readonly content?: Bytes;
  readonly target?: string;
  readonly mode?: number;
  readonly mtimeSec?: number;
  readonly mtimeNsec?: number;
}

/** Paths with `/` between names; directories must be listed too. */
export type PlainTree = ReadonlyMap<string, PlainEntry>;

const encoder = new TextEncoder();

export function text(value: string): Bytes {
  return encoder.encode(value);
}

/** Byte order within each directory, a directory before what is in it. */
function inOrder(tree: PlainTree): string[] {
  const key = (path: string): string => toHex(encoder.encode(path).map((byte) => (byte === 0x2f ? 0 : byte)));
  return [...tree.keys()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function cutPlainly(content: Bytes, spec: CutterSpec): { id: Bytes; bytes: Bytes }[] {
  const cutter = createCutter(spec);
  const chunks: { id: Bytes; bytes: Bytes }[] = [];
  let at = 0;
  while (at < content.length) {
    const length = Math.min(content.length - at, cutter.buffer.length);
    cutter.buffer.set(content.subarray(at, at + length));
    const ends = Array.from(cutter.cut(length, at + length === content.length));
    let from = 0;
    for (const end of ends) {
      const bytes = content.slice(at + from, at + end);
      chunks.push({ id: sha256(bytes), bytes });
      from = end;
    }
    at += from;
  }
  return chunks;
}

export interface PlainSourceOptions {
  /** Paths that end like this when they are cut. */
  readonly failing?: ReadonlyMap<string, SyncError>;
  /** Paths whose content cannot be read a second time. */
  readonly unreadable?: ReadonlySet<string>;
  readonly batchCount?: number;
  readonly runChunkCount?: number;
}

export function plainSource(tree: PlainTree, options: PlainSourceOptions = {}): TreeSource<string> {
  const { failing = new Map(), unreadable = new Set(), batchCount = 3, runChunkCount = 5 } = options;
  async function* entries(): AsyncGenerator<SourceEntry<string>[]> {
    let batch: SourceEntry<string>[] = [];
    for (const path of inOrder(tree)) {
      const plain = tree.get(path)!;
      const names = path.split("/");
      const entry: Entry = {
        depth: names.length - 1,
        name: text(names.at(-1)!),
        kind: plain.kind,
        size: plain.content?.length ?? 0,
        mode: plain.mode ?? 0o644,
        mtimeSec: plain.mtimeSec ?? 1_700_000_000,
        mtimeNsec: plain.mtimeNsec ?? 1,
        ...(plain.target !== undefined && { target: text(plain.target) }),
      };
      batch.push({ entry, file: path });
      if (batch.length < batchCount) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }
  async function* cut(files: readonly string[], spec: CutterSpec): AsyncGenerator<CutRun<string>[]> {
    for (const file of files) {
      const chunks = cutPlainly(tree.get(file)!.content!, spec);
      for (let at = 0; at === 0 || at < chunks.length; at += runChunkCount) {
        const run = chunks.slice(at, at + runChunkCount);
        const last = at + runChunkCount >= chunks.length;
        yield [
          {
            file,
            sizes: run.map(({ bytes }) => bytes.length),
            ids: join(run.map(({ id }) => id)),
            bytes: join(run.map(({ bytes }) => bytes)),
            ...(last && { end: failing.get(file) ?? ("complete" as const) }),
          },
        ];
      }
    }
  }
  return {
    entries,
    cut,
    async read(file, offset, size) {
      if (unreadable.has(file)) throw new SyncError("CHANGED", `${file} changed`);
      return tree.get(file)!.content!.slice(offset, offset + size);
    },
    async close() {},
  };
}

function join(parts: readonly Bytes[]): Bytes {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A target that keeps what it is told and checks that it is told no nonsense. */
export class PlainTarget implements TreeTarget {
  /** What is there: the old tree at first, with what was finished on top of it. */
  readonly tree: Map<string, PlainEntry>;
  committed = false;
  closed = false;
  readonly asked: string[] = [];
  readonly failing: ReadonlySet<string>;
  #options: TargetOptions | undefined;
  readonly #paths: string[] = [];
  readonly #stack: string[] = [];
  readonly #entries: Entry[] = [];
  readonly #parts = new Map<number, Map<number, Bytes>>();
  readonly #known = new Map<string, Bytes>();
  readonly #givenUp = new Set<number>();

  constructor(old: PlainTree = new Map(), failing: ReadonlySet<string> = new Set()) {
    this.tree = new Map(old);
    this.failing = failing;
  }

  get layout(): Layout | undefined {
    return this.#options?.layout;
  }

  async open(options: TargetOptions): Promise<void> {
    this.#options = options;
    for (const { content } of this.tree.values()) {
      if (content === undefined) continue;
      for (const { id, bytes } of cutPlainly(content, options.cutter)) this.#known.set(toHex(id), bytes);
    }
  }

  async plan(entries: readonly Entry[], first: number): Promise<Need[]> {
    if (first !== this.#entries.length) throw new Error("entries out of order");
    const before = new Map(this.tree);
    return entries.map((entry) => {
      this.#entries.push(entry);
      this.#stack.length = entry.depth;
      this.#stack.push(new TextDecoder().decode(entry.name));
      const path = this.#stack.join("/");
      this.#paths.push(path);
      return this.#need(entry, path, before);
    });
  }

  #need(entry: Entry, path: string, before: PlainTree): Need {
    const { kind, mode, mtimeSec, mtimeNsec } = entry;
    if (this.failing.has(path)) {
      this.#givenUp.add(this.#paths.length - 1);
      this.#options!.onTrouble(this.#paths.length - 1, new SyncError("IO", `cannot write ${path}`));
      return "nothing";
    }
    if (kind === "dir" || kind === "symlink") {
      const target = entry.target && { target: new TextDecoder().decode(entry.target) };
      this.tree.set(path, { kind, mode, mtimeSec, mtimeNsec, ...target });
      return "nothing";
    }
    const old = before.get(path);
    if (old?.content?.length === entry.size && old.mtimeSec === mtimeSec && old.mtimeNsec === mtimeNsec)
      return "nothing";
    this.asked.push(path);
    return this.#known.size === 0 ? "all" : "ask";
  }

  async place(lists: readonly ListedChunks[]): Promise<readonly Uint8Array[]> {
    return lists.map((list) => this.#place(list));
  }

  #place({ entry, offset, ids, sizes }: ListedChunks): Uint8Array {
    let at = offset;
    return Uint8Array.from(sizes, (size, i) => {
      const here = this.#known.get(toHex(ids.subarray(i * 32, i * 32 + 32)));
      if (here !== undefined && here.length === size) this.#put(entry, at, here);
      at += size;
      return here?.length === size ? 1 : 0;
    });
  }

  async write(placements: readonly Placement[]): Promise<void> {
    for (const { entry, offset, chunk } of placements) {
      const bytes = chunk.bytes.slice();
      this.#known.set(toHex(chunk.id), bytes);
      this.#put(entry, offset, bytes);
    }
  }

  #put(entry: number, offset: number, bytes: Bytes): void {
    if (this.#givenUp.has(entry)) return;
    const parts = this.#parts.get(entry) ?? new Map<number, Bytes>();
    if (parts.has(offset)) throw new Error(`two chunks at ${offset} of ${this.#paths[entry]}`);
    this.#parts.set(entry, parts.set(offset, bytes));
  }

  async finish(files: readonly { entry: number; size: number }[]): Promise<void> {
    for (const { entry, size } of files) {
      const content = new Uint8Array(size);
      let filled = 0;
      for (const [offset, bytes] of this.#parts.get(entry) ?? []) {
        content.set(bytes, offset);
        filled += bytes.length;
      }
      if (filled !== size) throw new Error(`${filled} of ${size} bytes of ${this.#paths[entry]}`);
      this.#parts.delete(entry);
      const { mode, mtimeSec, mtimeNsec } = this.#entries[entry]!;
      this.tree.set(this.#paths[entry]!, { kind: "file", content, mode, mtimeSec, mtimeNsec });
    }
  }

  async abandon(entry: number, reason: SyncError): Promise<void> {
    this.#parts.delete(entry);
    this.#givenUp.add(entry);
    const { code, message, remote } = reason;
    this.#options!.onTrouble(
      entry,
      new SyncError(code, message, { remote, detail: { path: this.#paths[entry]! } }),
    );
  }

  async commit(): Promise<void> {
    if (this.#parts.size > 0) throw new Error("files left open");
    this.committed = true;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
