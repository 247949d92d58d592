/** Limits of what is spoken with tar-like. */
export const tarLikeLimits = Object.freeze({
  /** Bytes of a table, and of the frame that it comes in. */
  tableBytes: 536_870_912,
  /** Bytes of a block of the virtual archive. */
  archiveBlockBytes: 268_435_456,
  /** Bytes of frames and their contents that are held at a time, unless one alone is longer. */
  heldBlockBytes: 536_870_912,
  /** Archives that a receiver tells apart. */
  archiveCount: 1000,
  /** Pieces with gaps between them in which a file may come. */
  filePieceCount: 10_000,
  /** Files of a block that are written at a time. */
  writtenFileCount: 16,
  /** Characters of an answer that a sender reads. */
  answerChars: 65_536,
  /** Milliseconds that a receiver may take until an answer, for it writes before, and for that. */
  blockAnswerMs: 120_000,
});
