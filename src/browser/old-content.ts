import { bytesOf } from "../store/chunk-pack.ts";
import { SpareCutters } from "../tree/spare-cutters.ts";
import type { TargetOptions } from "../tree/target.ts";
import type { Bytes } from "../types.ts";
import type { ChunkPlaces, Place } from "./chunk-places.ts";
import { walkFiles } from "./file-walk.ts";
import type { FolderRecord } from "./folder-record.ts";
import type { IncomingFile } from "./incoming-file.ts";
import { fileAt } from "./opfs-folder.ts";
import type { Parts } from "./parts.ts";
import { findPicked } from "./picked.ts";

/** What `OldContent` knows of the folder. */
interface OldContentTools {
  readonly top: FileSystemDirectoryHandle;
  readonly record: FolderRecord;
  readonly parts: Parts;
  readonly options: TargetOptions;
}

/**
 * What of a folder's own content may be a part of files to come: old versions, parts of an earlier
 * session, and files of the same size.
 */
export class OldContent {
  readonly #places: ChunkPlaces;
  readonly #tools: OldContentTools;
  readonly #cutters = new SpareCutters();
  /**
   * A path for each size that a file had when the session began: files that were moved are found by
   * it.
   */
  readonly #bySize: ReadonlyMap<number, string>;
  /** Files that were cut, or are being cut, by path. */
  readonly #learned = new Map<string, Promise<void>>();
  readonly #begun = new WeakSet<IncomingFile>();

  constructor(places: ChunkPlaces, tools: OldContentTools) {
    this.#places = places;
    this.#tools = tools;
    this.#bySize = new Map([...tools.record.files].map(([path, { size }]) => [size, path]));
  }

  /** True when some of a file may be here. */
  mayHave(path: string, size: number, old: File | undefined): boolean {
    if (old !== undefined && old.size > 0) return true;
    return size > 0 && (this.#tools.parts.has(path) || this.#bySize.has(size));
  }

  /** Looks at what a file may be made of, the first time it is asked about. */
  async learnFor(file: IncomingFile): Promise<void> {
    if (this.#begun.has(file)) return;
    this.#begun.add(file);
    const { parts } = this.#tools;
    if (file.old) await this.#learn(file.path, file.old);
    const twin = this.#bySize.get(file.entry.size);
    const moved = twin !== undefined && twin !== file.path && (await fileAt(this.#tools.top, twin));
    if (moved) await this.#learn(twin, moved);
    if (!parts.has(file.path)) return;
    const size = (await parts.open(file.path)).getSize();
    await this.#cut(file, Math.min(size, file.entry.size));
  }

  /** Looks at all files of a folder. */
  async learnFolder(): Promise<void> {
    const options = { ...this.#abort(), records: new Map() };
    for await (const entries of walkFiles(findPicked(this.#tools.top), options)) {
      for (const { file } of entries) if (file.file) await this.#learn(file.path, file.file);
    }
  }

  #learn(path: string, file: File): Promise<void> {
    const known = this.#learned.get(path);
    if (known) return known;
    const read = (offset: number, size: number): Promise<Bytes> => bytesOf(file.slice(offset, offset + size));
    const learning = this.#cut({ read }, file.size);
    this.#learned.set(path, learning);
    return learning;
  }

  async #cut(place: Place, size: number): Promise<void> {
    const cutter = this.#cutters.take(this.#tools.options.cutter);
    await this.#places.learnAll(place, size, cutter, this.#abort());
    this.#cutters.give(cutter);
  }

  #abort(): { signal?: AbortSignal } {
    const { signal } = this.#tools.options;
    return signal ? { signal } : {};
  }
}
