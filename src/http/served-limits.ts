import type { ReceiveLimits } from "../session/allowance.ts";

/**
 * What one push may make on the disk of a server, unless the server or the token says otherwise.
 */
export const servedLimits = Object.freeze({
  /** Bytes of content of the tree. */
  servedTotalBytes: 1_099_511_627_776,
  /** Entries of the tree. */
  servedEntryCount: 1_048_576,
  /** Times that what came may be made of it. */
  servedExpansion: 1000,
});

/** The limits of a push: those of the token, then those of the server, then the usual ones. */
export function limitsOfPush(server: ReceiveLimits, token: ReceiveLimits = {}): Required<ReceiveLimits> {
  return {
    maxTotalBytes: token.maxTotalBytes ?? server.maxTotalBytes ?? servedLimits.servedTotalBytes,
    maxEntryCount: token.maxEntryCount ?? server.maxEntryCount ?? servedLimits.servedEntryCount,
    maxExpansion: token.maxExpansion ?? server.maxExpansion ?? servedLimits.servedExpansion,
  };
}
