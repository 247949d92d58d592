/** Bounds of one relayed tree. */
export const relayLimits = Object.freeze({
  /** Entries of a tree: about 300 bytes of memory each, 750 with a list of chunks. */
  relayedEntryCount: 1_048_576,
  /**
   * Chunks that the files of a tree are made of: 48 bytes each, and about 100 once for each that
   * differs.
   */
  relayedChunkCount: 4_194_304,
  /** Trees at one time: the whole, and parts that were asked for by themselves. */
  relayedTreeCount: 64,
  /**
   * Bytes of chunks in a relay's store. What a tree lists stays all the same; what none lists any
   * more is removed, the oldest first.
   */
  storedBytes: 17_179_869_184,
  /** Relays that a request may have come through. */
  hopCount: 8,
});
