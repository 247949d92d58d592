import fs from "node:fs";
import { Pause } from "../bytes/pause.node.ts";
import { nodeDigests } from "../chunk/blake3.node.ts";
import { SyncError } from "../errors.ts";
import { toByteString, type ByteString } from "./byte-string.node.ts";
import { findDestination, type Destination } from "./destination.node.ts";
import { Extras } from "./extras.node.ts";
import type { FileStats } from "./file-stats.node.ts";
import { fileTrouble } from "./file-trouble.node.ts";
import { printPlace, type DirNode } from "./held-dirs.node.ts";
import { isSameTime, modeMask } from "./metadata.node.ts";
import { stagingName } from "./staging-name.ts";
import { checkEmpty } from "./target-dirs.node.ts";
import type { Entry, Need, TargetOptions, TreeTarget } from "./tree.ts";

/** What a session would do to a path. */
export interface TreeChange {
  /** `changed`: its content may differ, or it is of another kind; `touched`: its mode or time differs. */
  readonly change: "new" | "changed" | "touched" | "deleted";
  /** Below the destination. */
  readonly path: string;
  readonly kind: FileStats["kind"];
  /** Bytes of a file's content that the sender has. */
  readonly size: number;
}

/** How `openTreePreview` looks. */
export interface TreePreviewOptions {
  /** As that of `openTreeTarget`. */
  readonly maxDeletedCount?: number;
  /** Called for each path that would not stay as it is. */
  readonly onChange: (change: TreeChange) => void;
}

/**
 * A target that writes nothing, and tells what `openTreeTarget` would do at the same place. It asks for no content, so of a
 * file with another time it cannot tell whether more than that differs.
 */
export function openTreePreview(place: string, options: TreePreviewOptions): TreeTarget {
  return new Preview(place, options);
}

/** Where nothing is yet. */
const nowhere: DirNode = { parent: undefined, name: "", isNew: true };

class Preview implements TreeTarget {
  readonly digests = nodeDigests;
  readonly #place: string;
  readonly #options: TreePreviewOptions;
  #given: TargetOptions | undefined;
  #pause = new Pause();
  #begun = false;
  #destination: Destination | undefined;
  #extras: Extras | undefined;
  /** The directories on the way to the last entry, by depth; undefined where one could not be had. */
  readonly #open: (DirNode | undefined)[] = [];

  constructor(place: string, options: TreePreviewOptions) {
    this.#place = place;
    this.#options = options;
  }

  async open(options: TargetOptions): Promise<void> {
    this.#given = options;
    this.#pause = new Pause(options.signal);
  }

  async plan(entries: readonly Entry[], first: number): Promise<readonly Need[]> {
    for (const [i, entry] of entries.entries()) {
      if (!this.#begun) this.#begin(entry);
      this.#look(entry, first + i);
      if (this.#pause.due()) await this.#pause.take();
    }
    return entries.map(() => "nothing");
  }

  async place(_entry: number, _offset: number, _ids: unknown, sizes: readonly number[]): Promise<Uint8Array> {
    return new Uint8Array(sizes.length).fill(1);
  }

  async write(): Promise<void> {}

  async finish(): Promise<void> {}

  async abandon(entry: number, reason: SyncError): Promise<void> {
    this.#given!.onTrouble(entry, reason);
  }

  async commit(whole: boolean): Promise<void> {
    if (!this.#extras || !whole) return;
    this.#extras.close();
    for (const { path, kind } of this.#extras.list()) {
      this.#options.onChange({ change: "deleted", path, kind, size: 0 });
    }
  }

  async close(): Promise<void> {
    this.#destination?.held.close();
    this.#destination = undefined;
  }

  #begin(first: Entry): void {
    this.#begun = true;
    this.#destination = findDestination(this.#place, this.#given!.layout, first);
    const { maxDeletedCount } = this.#options;
    if (this.#destination && maxDeletedCount !== undefined) {
      this.#extras = new Extras(this.#destination.held, maxDeletedCount);
    }
  }

  #look(entry: Entry, number: number): void {
    const { depth, kind } = entry;
    const isRoot = this.#given!.layout === "contents" && depth === 0;
    const dir = depth === 0 ? (this.#destination?.held.root ?? nowhere) : this.#open[depth - 1];
    if (kind === "dir") this.#open[depth] = undefined;
    if (!dir) return;
    const name = depth === 0 && this.#destination ? this.#destination.topName : toByteString(entry.name);
    this.#extras?.see(depth, name);
    const inside = isRoot ? dir : this.#lookAt(dir, name, entry, number);
    if (kind !== "dir" || !inside) return;
    this.#open[depth] = inside;
    this.#extras?.enter(depth + 1, inside);
  }

  /** Tells what would become of a path. Returns it as a directory; nothing when the entry cannot be had. */
  #lookAt(dir: DirNode, name: ByteString, entry: Entry, number: number): DirNode | undefined {
    const path = printPlace(dir, name);
    try {
      if (!dir.parent && name === stagingName) throw new SyncError("PATH", "this name is reserved");
      const stats = dir.isNew ? undefined : this.#destination!.held.look(dir, name);
      const change = stats ? this.#compare(dir, name, stats, entry) : "new";
      if (change) this.#options.onChange({ change, path, kind: entry.kind, size: entry.size });
      return { parent: dir, name, isNew: stats?.kind !== "dir" };
    } catch (thrown) {
      this.#given!.onTrouble(number, fileTrouble(thrown, path));
      return undefined;
    }
  }

  #compare(
    dir: DirNode,
    name: ByteString,
    stats: FileStats,
    entry: Entry,
  ): "changed" | "touched" | undefined {
    const { held } = this.#destination!;
    if (stats.kind === "dir" && entry.kind !== "dir") checkEmpty(held.at(dir, name));
    if (stats.kind !== entry.kind) return "changed";
    const sameTime = isSameTime(stats, entry);
    if (entry.kind === "symlink") {
      const sameText = fs.readlinkSync(held.at(dir, name), "buffer").equals(entry.target!);
      return sameText ? (sameTime ? undefined : "touched") : "changed";
    }
    if (entry.kind === "file" && !(sameTime && stats.size === entry.size)) return "changed";
    return sameTime && stats.mode === (entry.mode & modeMask) ? undefined : "touched";
  }
}
