import { SyncError } from "../../src/errors.ts";
import { compareMacBytes } from "../../src/session/levels/pieces/mac-widths.ts";
import {
  isLastGroup,
  type PieceAnswer,
  type PieceGroup,
  type PieceRun,
} from "../../src/session/levels/pieces/piece-codec.ts";
import { MissingRuns } from "../../src/session/levels/pieces/missing-runs.ts";
import type { FilePart } from "../../src/session/levels/pieces/file-parts.ts";
import { ByteSlab } from "../../src/bytes/byte-slab.ts";
import { shortMacs } from "../../src/session/levels/pieces/short-macs.ts";
import type { Subtree } from "../../src/tree/entry/subtree-digests.ts";
import type { Entry } from "../../src/tree/entry/entry.ts";
import { oldVersionOf } from "../../src/tree/plan/old-version.ts";
import type { ListedChunks, Need, Placement } from "../../src/tree/target.ts";
import { equalBytes } from "../../src/bytes/compare.ts";
import type { Bytes } from "../../src/types.ts";
import {
  fileMacOf,
  letterBytes,
  letterOf,
  lettersOf,
  pieceMacsOf,
  subtreesOf,
  type TinyFile,
  type TinyTree,
} from "./tiny-tree.ts";

/** Where a target has trouble with a path: what it is asked to do then. */
export type Refusal = { readonly path: string; readonly at: "plan" | "write" | "finish" } | undefined;

/** A file that is awaited. */
interface Awaited extends Omit<TinyFile, "content"> {
  readonly path: string;
  readonly size: number;
  /** What has come, by offset. */
  readonly letters: Map<number, string>;
  /** Of one that is made of pieces: what it is made of, from where it was put together on, with
   * `partEnd` where a part ends. */
  pieces: (string | undefined)[];
  /** What was put together of a part. */
  part: string;
  /** True once a piece of it was found in its old version. */
  hasFound: boolean;
}

/** Stands where a part ends. */
const partEnd = "|";

/** A file that others have to bring, and who is told how many bytes are missing. */
export interface Waiting {
  readonly path: string | undefined;
  readonly onMissing: (bytes: number) => void;
}

/** What a target has when no session uses it. */
export interface Held {
  readonly files: TinyTree;
  /** Chunks that came and are in no file yet. */
  readonly kept: readonly string[];
}

/** A target without waiting, which also refuses what no core may ask of a target. */
export class TinyTarget {
  readonly files: Map<string, TinyFile>;
  readonly #kept: Set<string>;
  readonly #useOld: boolean;
  readonly #refusal: Refusal;
  readonly #onTrouble: (entry: number, error: SyncError) => void;
  readonly #waiting: Waiting;
  readonly #awaited = new Map<number, Awaited>();
  #dirs: string[] = [];
  #planned = 0;
  #isCommitted = false;

  constructor(
    { files, kept }: Held,
    useOld: boolean,
    refusal: Refusal,
    onTrouble: (entry: number, error: SyncError) => void,
    waiting: Waiting,
  ) {
    this.#waiting = waiting;
    this.#useOld = useOld;
    this.files = new Map(files);
    this.#kept = new Set(kept);
    this.#refusal = refusal;
    this.#onTrouble = onTrouble;
  }

  /** What stays for the next session when this one breaks off. */
  get held(): Held {
    return { files: new Map(this.files), kept: [...this.#kept].sort() };
  }

  subtrees(): readonly Subtree[] | undefined {
    return this.files.has("d/")
      ? subtreesOf(new Map([...this.files].sort(([a], [b]) => (a < b ? -1 : 1))))
      : undefined;
  }

  plan(entries: readonly Entry[], first: number): Need[] {
    check(first === this.#planned, `entry ${first} where ${this.#planned} is next`);
    this.#planned += entries.length;
    return entries.map((entry, i) => this.#planEntry(entry, first + i));
  }

  #planEntry({ depth, name, kind, size, mtimeSec, isComplete }: Entry, number: number): Need {
    this.#dirs = this.#dirs.slice(0, depth);
    const path = (this.#dirs.at(-1) ?? "") + String.fromCharCode(...name) + (kind === "dir" ? "/" : "");
    if (kind === "dir") {
      check(isComplete !== true || this.files.has(path), `${path} is complete, and not here`);
      this.#dirs.push(path);
      this.files.set(path, { content: "", version: mtimeSec });
      return "nothing";
    }
    if (this.#isRefused(path, "plan")) {
      this.#onTrouble(number, new SyncError("IO", "cannot be written"));
      return "nothing";
    }
    const there = this.files.get(path);
    if (there?.version === mtimeSec && there.content.length * letterBytes === size) return "nothing";
    if (path === this.#waiting.path) {
      this.#waiting.onMissing(size);
      return "nothing";
    }
    this.#awaited.set(number, {
      path,
      size: size / letterBytes,
      version: mtimeSec,
      letters: new Map(),
      pieces: [],
      part: "",
      hasFound: false,
    });
    const old = this.#useOld && there && oldVersionOf(size, there.content.length * letterBytes);
    return old || (this.#letters().size > 0 ? "ask" : "all");
  }

  place(lists: readonly ListedChunks[]): Uint8Array[] {
    return lists.map((list) => this.#place(list));
  }

  #place({ entry, offset, ids, sizes }: ListedChunks): Uint8Array {
    const here = this.#letters();
    return Uint8Array.from(sizes, (_, i) => {
      const letter = letterOf(ids.subarray(i * 32, (i + 1) * 32));
      const isHere = letter !== undefined && here.has(letter);
      if (isHere) this.#put(entry, offset / letterBytes + i, letter);
      return isHere ? 1 : 0;
    });
  }

  /** All letters that are here in some file, or kept. */
  #letters(): Set<string> {
    return new Set([...this.#kept, ...Array.from(this.files.values(), ({ content }) => [...content]).flat()]);
  }

  write(placements: readonly Placement[]): void {
    for (const { entry, offset, chunk } of placements) {
      const letter = letterOf(chunk.id)!;
      const path = this.#awaited.get(entry)?.path;
      if (path !== undefined && this.#isRefused(path, "write")) this.#fail(entry, "no room");
      this.#kept.add(letter);
      this.#put(entry, offset / letterBytes, letter);
    }
  }

  #put(entry: number, offset: number, letter: string): void {
    const file = this.#awaited.get(entry);
    if (file === undefined) return;
    check(!file.letters.has(offset), `two chunks at ${offset} of ${file.path}`);
    check(offset < file.size, `a chunk behind the end of ${file.path}`);
    file.letters.set(offset, letter);
  }

  finish(files: readonly { readonly entry: number; readonly size: number }[]): void {
    for (const { entry, size } of files) {
      const file = this.#awaited.get(entry);
      if (file === undefined) continue;
      const { path, version, letters } = file;
      check(
        size === file.size * letterBytes && letters.size === file.size,
        `${letters.size} of ${file.size} chunks of ${path}`,
      );
      if (this.#isRefused(path, "finish")) {
        this.#fail(entry, "cannot be renamed");
        continue;
      }
      const content = Array.from({ length: file.size }, (_, at) => letters.get(at)).join("");
      this.files.set(path, { content, version });
      this.#awaited.delete(entry);
    }
  }

  /** The MACs of old versions. */
  compare(entries: readonly number[]): Bytes[] {
    return entries.map((entry) => fileMacOf(this.#oldOf(entry)).slice(0, compareMacBytes));
  }

  keepOld(entry: number): void {
    const old = this.#oldOf(entry);
    for (const [at, letter] of [...old].entries()) this.#put(entry, at, letter);
  }

  match(entry: number, { macs, width, count, end }: PieceGroup): PieceAnswer {
    const file = this.#awaited.get(entry)!;
    const old = [...this.#oldOf(entry)];
    const letters = Array.from({ length: count }, (_, i) => {
      const mac = macs.subarray(i * width, (i + 1) * width);
      return old.find((letter) => equalBytes(shortMacs(pieceMacsOf(letter), width, new ByteSlab()), mac));
    });
    const isLast = isLastGroup({ ...(end !== undefined && { end }) });
    file.hasFound ||= letters.some((letter) => letter !== undefined);
    if (isLast && !file.hasFound) {
      this.#restart(file);
      return { found: [], gaps: [], isUnlike: true };
    }
    const found = letters.map((letter) => letter !== undefined);
    file.pieces.push(...letters.filter((letter, i) => letter !== undefined || found[i - 1] !== false));
    if (typeof end === "object") file.pieces.push(partEnd);
    const gaps = new MissingRuns()
      .next(found, letterBytes)
      .map(() => ({ count: 0, macs: new Uint8Array(0), width: 3 }));
    return { found, gaps, isUnlike: false };
  }

  fill(entry: number, { literals }: PieceRun): void {
    const file = this.#awaited.get(entry);
    if (file === undefined) return;
    check(this.#joinPieces(file) === undefined, "a run without its gap");
    file.part += lettersOf(literals);
  }

  check(entry: number, part: FilePart): boolean {
    const file = this.#awaited.get(entry)!;
    check(this.#joinPieces(file) === partEnd, "a gap is open at the check");
    const content = file.part;
    file.part = "";
    return this.#putPart(entry, part, content);
  }

  replace(entry: number, part: FilePart, content: Bytes): boolean {
    return this.#putPart(entry, part, lettersOf(content));
  }

  #putPart(entry: number, { offset, mac }: FilePart, content: string): boolean {
    const isRight = equalBytes(fileMacOf(content), mac);
    if (isRight)
      for (const [i, letter] of [...content].entries()) this.#put(entry, offset / letterBytes + i, letter);
    return isRight;
  }

  #oldOf(entry: number): string {
    return this.files.get(this.#awaited.get(entry)!.path)!.content;
  }

  /** Adds what stands before the next gap, or the end of the part, to the part. Returns which. */
  #joinPieces(file: Awaited): string | undefined {
    check(file.pieces.length > 0, "nothing is left to put together");
    for (;;) {
      const piece = file.pieces.shift();
      if (piece === undefined || piece === partEnd) return piece;
      file.part += piece;
    }
  }

  #restart(file: Awaited): void {
    file.letters.clear();
    file.pieces = [];
    file.part = "";
  }

  abandon(entry: number, reason: SyncError): void {
    this.#awaited.delete(entry);
    this.#onTrouble(entry, reason);
  }

  commit(): void {
    check(this.#awaited.size === 0, `${this.#awaited.size} files are open at the commit`);
    check(!this.#isCommitted, "a second commit");
    this.#isCommitted = true;
    this.#kept.clear();
  }

  #isRefused(path: string, at: "plan" | "write" | "finish"): boolean {
    return this.#refusal?.path === path && this.#refusal.at === at;
  }

  #fail(entry: number, message: string): void {
    this.#awaited.delete(entry);
    this.#onTrouble(entry, new SyncError("IO", message));
  }
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
