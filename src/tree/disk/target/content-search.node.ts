import type { ChunkId } from "../../../chunk/chunk.ts";
import { createCutter } from "../../../chunk/create-cutter.ts";
import type { CutterSpec } from "../../../chunk/cutter.ts";
import type { ChunkDigest } from "../../../chunk/digest.ts";
import type { DirIn } from "./alternatives.node.ts";
import { chunkNamer } from "../calls/file-cut.node.ts";
import type { DirNode, NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { IncomingFile } from "./incoming-file.node.ts";
import { type FoundChunk, KnownChunks } from "./known-chunks.node.ts";
import { Likeness, type Looks } from "./likeness.node.ts";
import type { Pause } from "../../../bytes/pause.node.ts";
import type { Places } from "./places.node.ts";
import { Reference, type CutTools } from "./reference.node.ts";
import { stagingName } from "../../entry/staging-name.ts";
import type { Staging } from "./staging.node.ts";
import type { RecordedWalk } from "../calls/recorded-walk.node.ts";
import { type Found, walk } from "../calls/walk.node.ts";

/**
 * What a file's references may be cut ahead in search of its chunks: at first, and more for each
 * one missed.
 */
const firstAheadBytes = 64 * 1024 * 1024;
const nextAheadBytes = 1024 * 1024;

/** A new file smaller than this is sent at once: to ask for it costs as much. */
const minAskBytes = 128;

/** What a search shares with the rest of its target. */
interface ContentSearchTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly places: Places;
  readonly pause: Pause;
}

/** The files at a destination that new ones may be like. */
export interface LikeFiles {
  readonly below: DirNode;
  /** What is there, where that was found before. */
  readonly record: RecordedWalk | undefined;
  /** Finds the same directory elsewhere, in what files are made from. */
  readonly elsewhere: () => readonly DirIn[];
}

/** How the sender makes chunks. */
export interface ChunkRule {
  readonly spec: CutterSpec;
  readonly digest: ChunkDigest;
}

/**
 * Finds content that a destination has already: in old versions, in files that look alike, in
 * leftovers.
 */
export class ContentSearch {
  readonly known: KnownChunks;
  readonly #tools: ContentSearchTools;
  readonly #cutTools: CutTools;
  /** Where the files are that new ones may be like, until they were looked at. */
  #unseen: LikeFiles | undefined;
  #likeness = new Likeness();
  /** References that belong to no single file: leftovers, and everything when that is asked for. */
  readonly #shared: Reference[] = [];
  /** Leftovers that are among them. */
  #leftoverCount = 0;
  /** Files that are cut to the end. */
  readonly #cutPlaces = new Set<number>();
  #mayCutAll: boolean;

  /**
   * @param likeFiles those that new ones may be like; none for a single file
   * @param mayCutAll true to cut all files there before a chunk is said to be missing
   */
  constructor(
    tools: ContentSearchTools,
    { spec, digest }: ChunkRule,
    likeFiles: LikeFiles | undefined,
    mayCutAll: boolean,
  ) {
    const { places } = tools;
    this.#tools = tools;
    this.#unseen = likeFiles;
    this.#mayCutAll = mayCutAll;
    this.known = new KnownChunks(places, digest, spec.maxBytes, { keepAll: mayCutAll });
    this.#cutTools = {
      places,
      known: this.known,
      cutter: createCutter(spec),
      keyOf: chunkNamer(digest, spec.maxBytes),
    };
  }

  refer(place: number, size: number): Reference {
    return new Reference(this.#cutTools, place, size);
  }

  /**
   * True when some of a new file may be here. A promise when that takes a look at all files first.
   */
  mayHave(dir: DirNode, looks: Looks): boolean | Promise<boolean> {
    if (this.#mayCutAll) return true;
    if (looks.size < minAskBytes) return false;
    const isLike = (): boolean =>
      this.#tools.staging.hasLeftover(dir, looks.name) || this.#likeness.find(looks).length > 0;
    return this.#unseen ? this.#seeAll().then(isLike) : isLike();
  }

  /** Learns where a file is that was replaced, unless the look at all files has met it before. */
  addOld({ dir, name }: NameIn, size: number): void {
    if (this.#unseen) this.#shared.push(this.refer(this.#tools.places.add(dir, name, size), size));
  }

  /** Files that a new one may be like. */
  findLike(looks: Looks): Reference[] {
    return this.#likeness
      .find(looks)
      .filter((like) => !this.#cutPlaces.has(like.place))
      .map((like) => this.refer(like.place, like.size));
  }

  /**
   * A chunk of a file, verified, when it is here. Its bytes are overwritten by the next call.
   */
  async find(file: IncomingFile, id: ChunkId, size: number): Promise<FoundChunk | undefined> {
    const known = this.known.read(id, size);
    if (known) return known;
    this.#learnLeftovers();
    file.aheadBytes += file.aheadBytes === 0 ? firstAheadBytes : nextAheadBytes;
    for (const reference of [...file.references, ...this.#shared]) {
      while (!reference.isDone && file.aheadBytes > 0) {
        file.aheadBytes -= this.#cutMore(reference);
        const found = this.known.read(id, size);
        if (found) return found;
        const { pause } = this.#tools;
        if (pause.due()) await pause.take();
      }
    }
    return this.#mayCutAll ? this.#findAnywhere(id, size) : undefined;
  }

  async #findAnywhere(id: ChunkId, size: number): Promise<FoundChunk | undefined> {
    const { pause } = this.#tools;
    await this.#seeAll();
    for (let reference = this.#shared.pop(); reference; reference = this.#shared.pop()) {
      while (!reference.isDone) {
        this.#cutMore(reference);
        if (pause.due()) await pause.take();
      }
    }
    this.#mayCutAll = false;
    return this.known.read(id, size);
  }

  /** More of them come to light when another file system is reached. */
  #learnLeftovers(): void {
    const { places, staging } = this.#tools;
    for (; this.#leftoverCount < staging.leftovers.length; this.#leftoverCount++) {
      const { dir, name, size } = staging.leftovers[this.#leftoverCount]!;
      this.#shared.push(this.refer(places.add(dir, name, size), size));
    }
  }

  #cutMore(reference: Reference): number {
    const cutBytes = reference.cutMore();
    if (reference.isDone) this.#cutPlaces.add(reference.place);
    return cutBytes;
  }

  /** Takes the names, sizes and times of all files once, without opening any. */
  async #seeAll(): Promise<void> {
    const unseen = this.#unseen;
    this.#unseen = undefined;
    if (!unseen) return;
    const { below, record, elsewhere } = unseen;
    await this.#see(record?.below(below) ?? filesIn({ held: this.#tools.held, dir: below }));
    // One that comes one way would have all of it cut in vain.
    if (!this.#mayCutAll) for (const dir of elsewhere()) await this.#see(filesIn(dir));
  }

  async #see(all: Iterable<Found>): Promise<void> {
    const { pause, places } = this.#tools;
    for (const { dir, name, stats } of all) {
      const { kind, size, mtimeSec } = stats;
      if (kind === "file") this.#seeFile(places.add(dir, name, size), { name, size, mtimeSec });
      if (pause.due()) await pause.take();
    }
  }

  #seeFile(place: number, looks: Looks): void {
    this.#likeness.add(place, looks);
    if (this.#mayCutAll) this.#shared.push(this.refer(place, looks.size));
  }
}

function filesIn({ held, dir: from }: DirIn): Iterable<Found> {
  return walk(held, { from, skip: (_, name) => name === stagingName });
}
