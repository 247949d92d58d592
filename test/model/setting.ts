import type { FrameType } from "../../src/session/frame-types.ts";
import type { Windows } from "../../src/session/hello.ts";
import type { Bytes } from "../../src/types.ts";
import type { Flaw } from "./flaws.ts";
import type { Held, Refusal } from "./tiny-target.ts";
import type { TinyTree } from "./tiny-tree.ts";

/** A frame under way. */
export interface Flying {
  readonly type: FrameType;
  readonly payload: Bytes;
}

/** What a session is like. */
export interface SessionSetting {
  /** Entries that the source lists at once, and chunks that it cuts at once. */
  readonly batchEntryCount: number;
  readonly runChunkCount: number;
  readonly windows: Windows;
  /** True when new versions are made of old ones. */
  readonly usesPieces: boolean;
  /** True when the directory at the top, `d`, is compared before anything is listed. */
  readonly usesSubtrees?: boolean;
  /** Bytes of content that the sender keeps while it waits for answers. */
  readonly keptBytes: number;
  /** Where the target has trouble. */
  readonly refusal?: Refusal;
  /** A file of which others have yet to bring ranges, so that the target asks for nothing of it. */
  readonly waiting?: string;
  /** A file that may change at any time, once, and what it holds then. */
  readonly changing?: { readonly path: string; readonly content: string };
  /**
   * True to let the receiver move whenever it can. Nothing is missed by that: what it does depends
   * on the frames and their order alone, what the sender hears can still be late, and a connection
   * that drops leaves of the sender nothing. But there are far fewer states.
   */
  readonly promptReceiver?: boolean;
  readonly flaw?: Flaw;
}

/** What is there as a session begins. */
export interface Beginning {
  readonly source: TinyTree;
  readonly hasChanged: boolean;
  readonly target: Held;
}
