import type { AbortOptions } from "../types.ts";

/** What a register has, and by what to replace it. */
export interface Revision {
  readonly text: string;
  readonly version: string;
}

/**
 * One text that processes on many hosts read and replace, each on the term that nobody else has
 * done so meanwhile: of all that try with the same version, one succeeds.
 */
export interface Register {
  /**
   * Returns what is there; undefined when nothing is.
   *
   * @throws PEER_GONE, STALLED, UPSTREAM, UNAUTHORIZED, LIMIT
   */
  read(options?: AbortOptions): Promise<Revision | undefined>;
  /**
   * Puts a text in the place of a version, or where there is none for null. False when something
   * else is there. When the answer was lost it may be false, or throw, although it was done.
   */
  replace(text: string, version: string | null, options?: AbortOptions): Promise<boolean>;
  close(): Promise<void>;
}
