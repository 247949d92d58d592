/** Bounds of a session between two stores. */
export const mirrorLimits = Object.freeze({
  /** Ids in one HAVE frame of a sender. */
  listedCount: 1024,
  /** HAVE frames that a sender sends before the first of them is answered. */
  listsAheadCount: 4,
  /** Chunks that a receiver may have wished for and not got: it takes no more lists then. */
  wishedCount: 65_536,
  /** Bytes of chunks that one DATA frame aims at. */
  dataFrameBytes: 524_288,
});
