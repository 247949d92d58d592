import type { SyncErrorCode } from "../../errors.ts";
import type { FileState } from "../file-state.ts";
import type { UnsettledFrame } from "../ledger.ts";
import type { ReceiverEffect } from "../receiver-effect.ts";

/** Steps of a receiver, which yield what is to be done. */
export type Steps<T = void> = Generator<ReceiverEffect, T, unknown>;

/** What the levels of a receiver need from their session. */
export interface LevelHost {
  /** A file that awaits something. @throws UNSOLICITED when it does not */
  file(entry: number): FileState;
  /** Content of a file was told of. */
  told(file: FileState, bytes: number): void;
  /** Content of these sizes is going to be made. @throws LIMIT */
  fill(file: FileState, sizes: readonly number[]): void;
  /** All of a file was told of. */
  ended(file: FileState): void;
  /** All of a file is in place, or it was given up. */
  finished(file: FileState): void;
  /** Gives up on a file. */
  giveUp(file: FileState, code: SyncErrorCode, message: string): Steps;
  /** One thing of a frame is done. */
  pay(unsettled: UnsettledFrame): void;
  /** Content came. */
  received(bytes: number): void;
  /** Content that was told of is in place and did not come; less where some came in vain. */
  reused(bytes: number): void;
}
