import { SyncError } from "../errors.ts";
import { bytesOf } from "../store/chunk-pack.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { Bytes } from "../types.ts";
import { writeFully } from "./access-handle.ts";
import type { Place } from "./chunk-places.ts";
import type { FileRecord } from "./folder-record.ts";
import { type OpfsDir, type OpfsStanding, pathIn } from "./opfs-folder.ts";
import { opfsLimits } from "./opfs-limits.ts";
import type { Parts } from "./parts.ts";

/** Memory for files that are not written before they are complete. */
export class KeptBytes {
  #used = 0;

  /** Room for a file, if it is small and there is any. */
  take(size: number): Bytes | undefined {
    if (size > opfsLimits.keptFileBytes || this.#used + size > opfsLimits.keptBytes) return undefined;
    this.#used += size;
    return new Uint8Array(size);
  }

  giveBack(bytes: Bytes | undefined): void {
    this.#used -= bytes?.length ?? 0;
  }
}

/**
 * One file on its way in: in memory when it is small, otherwise in a part. Once complete, it is
 * where it belongs.
 */
export class IncomingFile implements Place {
  readonly dir: OpfsDir;
  readonly name: string;
  readonly entry: Entry;
  /** The file that stands at its name. */
  readonly old: File | undefined;
  /** Where its content starts among the places. */
  address: number | undefined;
  readonly #parts: Parts;
  readonly #memory: KeptBytes;
  /** True when an empty directory stands at its name. */
  readonly #isOverDir: boolean;
  #kept: Bytes | undefined;
  #isStarted = false;
  #isComplete = false;
  #placedBytes = 0;

  constructor(
    dir: OpfsDir,
    name: string,
    entry: Entry,
    there: OpfsStanding,
    tools: { readonly parts: Parts; readonly memory: KeptBytes },
  ) {
    this.dir = dir;
    this.name = name;
    this.entry = entry;
    this.old = there.kind === "file" ? there.file : undefined;
    this.#isOverDir = there.kind === "dir";
    this.#parts = tools.parts;
    this.#memory = tools.memory;
  }

  get path(): string {
    return pathIn(this.dir, this.name);
  }

  /**
   * Puts content in its place. The bytes are copied or written. @throws CHANGED when it goes beyond
   * the end
   */
  async put(offset: number, bytes: Bytes): Promise<void> {
    this.#count(offset, bytes.length);
    this.#start();
    if (this.#kept) this.#kept.set(bytes, offset);
    else writeFully(await this.#parts.open(this.path), bytes, offset);
  }

  /** Says that content of an earlier session is in its place already. */
  keep(offset: number, size: number): void {
    this.#count(offset, size);
  }

  async read(offset: number, size: number): Promise<Bytes> {
    if (this.#isComplete) {
      const file = await (await this.dir.handle.getFileHandle(this.name)).getFile();
      return bytesOf(file.slice(offset, offset + size));
    }
    if (this.#kept) return this.#kept.subarray(offset, offset + size);
    const into = new Uint8Array(size);
    return into.subarray(0, (await this.#parts.open(this.path)).read(into, { at: offset }));
  }

  /** Gives the file its name. @throws TRUNCATED when some of it never came */
  async complete(size: number): Promise<FileRecord> {
    if (size !== this.entry.size || size !== this.#placedBytes)
      throw new SyncError("TRUNCATED", "a part of a file never came");
    if (this.#isOverDir) await this.dir.handle.removeEntry(this.name);
    const stored = await this.#parts.complete(
      this.path,
      { size, content: this.#kept },
      this.dir.handle,
      this.name,
    );
    this.#isComplete = true;
    this.drop();
    return recordOf(this.entry, stored);
  }

  /** Frees its memory. */
  drop(): void {
    this.#memory.giveBack(this.#kept);
    this.#kept = undefined;
  }

  /** What has a part already goes on there. */
  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    if (!this.#parts.has(this.path)) this.#kept = this.#memory.take(this.entry.size);
  }

  #count(offset: number, size: number): void {
    if (offset + size > this.entry.size)
      throw new SyncError("CHANGED", "a file is longer than it was announced");
    this.#placedBytes += size;
  }
}

function recordOf({ size, mode, mtimeSec, mtimeNsec }: Entry, stored: File): FileRecord {
  return { size, mtimeSec, mtimeNsec, mode: mode & 0o777, storedMs: stored.lastModified };
}
