import type { Picked } from "../browser/picked.ts";
import type { SyncErrorCode } from "../errors.ts";

/** What a page has its worker do. */
export type WorkerTask =
  /**
   * More of what will be sent; many files are told in parts, so that the page never stands still.
   */
  | { readonly do: "take"; readonly picked: readonly Picked[] }
  /** Not to wait for the next attempt. */
  | { readonly do: "retry" }
  | { readonly do: "push"; readonly url: string; readonly token: string }
  | { readonly do: "pull"; readonly url: string; readonly token: string; readonly path: string };

/** What a worker tells its page. */
export type WorkerNews =
  | { readonly tell: "progress"; readonly figures: Figures }
  | { readonly tell: "trouble"; readonly message: string; readonly path: string }
  | {
      readonly tell: "retry";
      readonly code: SyncErrorCode;
      readonly message: string;
      readonly waitMs: number;
    }
  | { readonly tell: "done"; readonly figures: Figures; readonly failedCount: number }
  | { readonly tell: "failed"; readonly code: SyncErrorCode; readonly message: string };

/** Where a job stands. */
export interface Figures {
  /** Bytes of all files listed so far, and how many they are. */
  readonly totalBytes: number;
  readonly fileCount: number;
  /** Bytes of these that need nothing more. */
  readonly doneBytes: number;
  /** Bytes that had to travel. */
  readonly newBytes: number;
  /** Bytes that did not have to. */
  readonly reusedBytes: number;
  /** True once all files were listed: the total stays as it is. */
  readonly isListed: boolean;
  /** The name of the file that is under way. */
  readonly name: string;
}

/** Files told in one message. */
export const takeCount = 32;
