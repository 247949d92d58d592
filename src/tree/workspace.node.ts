import fs from "node:fs";
import type { ByteString } from "./byte-string.node.ts";
import { type ChunkRule, ContentSearch } from "./content-search.node.ts";
import { HandleCache } from "./handle-cache.node.ts";
import type { DirNode, HeldDirs } from "./held-dirs.node.ts";
import type { IncomingTools } from "./incoming-file.node.ts";
import type { Pause } from "../bytes/pause.node.ts";
import { Places } from "./places.node.ts";
import { Staging } from "./staging.node.ts";

/** Temporary files open for writing at once. */
const maxWritingCount = 64;

export interface WorkspaceOptions {
  readonly rule: ChunkRule;
  /** The directory whose files new ones may be like; none for a single file. */
  readonly likeFrom: DirNode | undefined;
  readonly mayCutAll: boolean;
  readonly durable: boolean;
  readonly pause: Pause;
}

/** What is needed to receive content: it is set up when the first is expected, and locks the destination. */
export class Workspace implements IncomingTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly places: Places;
  readonly search: ContentSearch;
  readonly writing: HandleCache<ByteString>;
  readonly pause: Pause;
  readonly durable: boolean;
  readonly abandoned: ByteString[] = [];

  /** @throws LOCKED while another session writes to this destination */
  constructor(held: HeldDirs, { rule, likeFrom, mayCutAll, durable, pause }: WorkspaceOptions) {
    this.held = held;
    this.durable = durable;
    this.pause = pause;
    this.staging = new Staging(held);
    this.places = new Places(held);
    this.search = new ContentSearch(this, rule, likeFrom, mayCutAll);
    this.writing = new HandleCache<ByteString>(maxWritingCount, (name) =>
      fs.openSync(this.staging.at(name), fs.constants.O_WRONLY),
    );
  }

  /** Removes what earlier sessions left, and what this one gave up: it has all it needs. */
  removeLeftovers(): void {
    for (const { name } of this.staging.leftovers) this.staging.remove(name);
    for (const name of this.abandoned.splice(0)) this.staging.remove(name);
  }

  close(): void {
    this.writing.close();
    this.places.close();
    this.staging.close();
  }
}
