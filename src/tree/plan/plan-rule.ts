/** Which entries are brought about, and when what stands in their place is equal. */
export interface PlanRule {
  /**
   * What tells that a file has the content that it should have: its size and time, its size alone,
   * or nothing but its content, which is read at both ends. `time` unless given.
   */
  readonly equality?: "time" | "size" | "content";
  /** Seconds by which times may differ and count as the same; 0 unless given. */
  readonly windowSec?: number;
  /** True to leave files alone unless the sender's are newer, by `windowSec` at least. */
  readonly keepsNewer?: boolean;
  /** True to leave out links that lead out of the tree. */
  readonly onlySafeLinks?: boolean;
  /** True to make nothing that is not there. */
  readonly onlyExisting?: boolean;
  /** True to leave alone what is there, but for directories. */
  readonly onlyNew?: boolean;
  /** True to leave files alone whose content may differ, unless the sender's are longer. */
  readonly onlyLonger?: boolean;
  /** Bytes that a file has to have, at least and at most; others are left as they are. */
  readonly minBytes?: number;
  readonly maxBytes?: number;
}

/** The rule where nothing else was asked for. */
export const plainRule: PlanRule = Object.freeze({});
