/** What holds of every group of connections; both ends know it. */
export const parallelLimits = Object.freeze({
  /** Bytes of a stream in one record, at most. */
  groupRecordBytes: 65_536,
  /** Records that may be on the way, or wait for the reader, in one direction. */
  windowRecords: 256,
  /** Records that come over a connection before the other end is told at once. */
  toldRecords: 4,
  /** Connections of a group that grows by itself. */
  adaptiveConnectionCount: 8,
  /** Connections of one group. */
  groupConnectionCount: 64,
});
