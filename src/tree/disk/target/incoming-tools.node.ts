import type { Pause } from "../../../bytes/pause.node.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import type { HandleCache } from "../calls/handle-cache.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import type { Backups } from "./backups.node.ts";
import type { BlockSharing } from "./block-sharing.node.ts";
import type { LinkedFiles } from "./linked-files.node.ts";
import type { OldFiles } from "./old-files.node.ts";
import type { Places } from "./places.node.ts";
import type { Replacements } from "./replacements.node.ts";
import type { Staging } from "./staging.node.ts";

/** What a file on its way in needs from the target it belongs to. */
export interface IncomingTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly replacements: Replacements;
  /** Keeps what is replaced, when its content is counted on. */
  readonly oldFiles: OldFiles | undefined;
  readonly linkedFiles: LinkedFiles;
  /** Keeps what is replaced, when that was asked for. */
  readonly backups: Backups | undefined;
  readonly places: Places;
  /** Has new files share blocks with others. */
  readonly sharing: BlockSharing;
  /** Temporary files open for writing and reading, by name. */
  readonly writing: HandleCache<NameIn>;
  /**
   * Temporary files of files that were given up: their content may be counted on until the session
   * ends.
   */
  readonly abandoned: NameIn[];
  /** What came of files that changed while the sender read them; the next session uses it. */
  readonly unfinished: NameIn[];
  readonly pause: Pause;
  /** True to wait until the content is on the disk before a file gets its name. */
  readonly durable: boolean;
  /** True to write into files that are there, in place of replacing them. */
  readonly inPlace: boolean;
  /** True to take the room of files before their content comes. */
  readonly preallocates: boolean;
  readonly metadata: MetadataSetters;
}
