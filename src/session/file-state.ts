import type { Debt } from "./ledger.ts";

/** A file whose content a receiver waits for. */
export interface FileState {
  readonly entry: number;
  readonly unasked: boolean;
  readonly debt: Debt;
  /** Bytes listed so far: where the next group starts. */
  listed: number;
  /** Chunks listed and not in place. */
  missing: number;
  ended: boolean;
  /** Given up, or up to date already: what still comes for it is dropped. */
  dropped: boolean;
}

/** A place in a file where a chunk has to go. */
export interface Place {
  readonly file: FileState;
  readonly offset: number;
  readonly debt: Debt;
}
