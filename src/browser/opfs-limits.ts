/** Bounds of a target in a browser's private file system. */
export const opfsLimits = Object.freeze({
  /**
   * Bytes of a file that is kept in memory until it is complete; a longer one is written as it
   * comes.
   */
  keptFileBytes: 131_072,
  /** Bytes of all files that are kept in memory. */
  keptBytes: 8_388_608,
  /** Parts of files that are open for writing at one time. */
  openPartCount: 16,
  /** Files that content is put in at one time; each may have a part open, and read another one. */
  writtenAtOnceCount: 6,
  /** Files that are looked up or completed at one time. */
  filesAtOnceCount: 32,
});
