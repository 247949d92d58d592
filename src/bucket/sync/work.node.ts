import type { SyncError } from "../../errors.ts";
import type { SyncSide } from "./job.ts";
import type { ByteRoom } from "../../bytes/byte-room.ts";
import type { SyncState } from "./state.node.ts";

/** What all that is done about objects has in common. */
export interface Work {
  readonly source: SyncSide;
  readonly destination: SyncSide;
  readonly state: SyncState;
  readonly room: ByteRoom;
  readonly signal: AbortSignal;
  /** False to leave metadata to the provider. */
  readonly keepsMetadata: boolean;
  readonly storageClass: string | undefined;
  /** What keys begin with under which replaced and deleted objects are kept. */
  readonly backupPrefix: string | undefined;
  readonly isDry: boolean;
  /** True when an earlier run has listed both sides, who knows when. */
  readonly isResumed: boolean;
  /** Something to know that is no failure. */
  readonly onNotice: (text: string) => void;
}

/** What became of an object. */
export type Outcome =
  | {
      readonly type: "copied";
      readonly bytes: number;
      readonly sourceMark: string;
      readonly destinationMark: string;
    }
  | { readonly type: "equal"; readonly sourceMark: string; readonly destinationMark: string }
  | { readonly type: "vanished" }
  | { readonly type: "failed"; readonly error: SyncError };
