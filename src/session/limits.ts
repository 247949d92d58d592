import { smallTreeCount } from "../tree/subtrees.ts";

/**
 * Every limit of a session, in one place. `docs/limits.md` explains each; a test compares the two.
 *
 * Windows bound what one end may have under way at one level before the other has settled it. They
 * are counted in bytes of decoded frame payload and granted back by CREDIT frames.
 */
export const sessionLimits = Object.freeze({
  /** Bytes of a HELLO or ERROR payload. */
  helloBytes: 4096,
  /** Bytes of any other frame's payload, on the wire and decoded. */
  frameBytes: 1_048_576,
  /** Bytes of content one DATA or PUSH frame aims at. */
  dataFrameBytes: 524_288,
  /** Bytes of content the largest chunk may have. */
  chunkBytes: 1_048_576,
  /** Bytes that a cutter has to aim at, at least: smaller chunks would cost more than they save. */
  averageChunkBytes: 64,
  /** Entries of a tree that is listed without a comparison of its directories. */
  smallTreeCount,
  /** Entries in one ENTRIES frame. */
  entriesPerFrameCount: 4096,
  /** Window of the entries level: unfinished entries, in bytes of ENTRIES payload. */
  entriesWindowBytes: 262_144,
  /** Window of the chunks level: chunks announced and not in place, in bytes of CHUNKS payload. */
  chunksWindowBytes: 1_048_576,
  /** Window of the data level: content sent and not yet written. */
  dataWindowBytes: 8_388_608,
  /** A sender uses at most so many times the windows above, whatever a receiver offers. */
  windowCeilingFactor: 8,
  /** What a sender may use of each window before it has heard the receiver's HELLO. */
  firstWindowBytes: 65_536,
  /**
   * Window of the entries level where no receiver can be heard: nothing is gained by listing
   * further ahead.
   */
  oneWayEntriesBytes: 4096,
  /**
   * Content that a sender keeps in memory while it waits for answers, of chunks and of pieces each,
   * and that a receiver keeps of old versions that it has cut; what is beyond is read again.
   */
  keptContentBytes: 16_777_216,
  /**
   * Less than so many times as much is announced ahead of answers where little of it is asked for.
   */
  unwantedAheadFactor: 4,
  /** Content of a session both ways that is compressed whether or not that was asked for. */
  compressedBytes: 4_194_304,
  /** Content queued to be sent before a sender stops reading more. */
  queuedContentBytes: 262_144,
  /** MACs in a SUBTREES frame, at most, and in each but the last of them. */
  subtreesFrameCount: 32_768,
  /** Chunks a sender remembers having sent, so that each goes over the wire once. */
  rememberedChunkCount: 1_000_000,
  /** Troubles of the other end that a command prints; beyond that they are only counted. */
  keptTroubleCount: 1000,
  /** Bytes that a CHANGES frame aims at, and of one path in it. */
  changesFrameBytes: 65_536,
  toldPathBytes: 16_384,
  /** Characters of a message that an ERROR or FAILED frame carries. */
  messageChars: 512,
});

/**
 * Time limits of a session, in milliseconds but for the rate. They are local: no peer can change
 * them.
 */
export const sessionTimes = Object.freeze({
  /** From the start to a complete HELLO. */
  helloMs: 10_000,
  /**
   * Nothing at all arrived, or nothing could be written, for so long: the peer is taken for gone.
   */
  stallMs: 60_000,
  /** Nothing was sent for so long: a PING is. */
  keepAliveMs: 15_000,
  /**
   * Bytes a second that the peer has to take, or to complete a frame with; a server asks for
   * `serverLimits.serverRateBytes`.
   */
  minRateBytes: 0,
  /** Over so long that rate is averaged. */
  paceMs: 60_000,
});

/**
 * How a connection that broke is made anew, unless the caller says otherwise: for a minute at least
 * in all, as long as a server takes to start anew.
 */
export const reconnectLimits = Object.freeze({
  retries: 9,
  firstWaitMs: 500,
  longestWaitMs: 30_000,
});
