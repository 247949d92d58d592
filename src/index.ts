/** The face that works in Node, browsers, Deno and Bun: re-exports only. */

export {
  SyncError,
  type SyncErrorCode,
  type SyncErrorDetail,
  type SyncErrorOptions,
  errorCodes,
  isSyncError,
  toSyncError,
} from "./errors.ts";
export type { AbortOptions, Bytes, Duplex } from "./types.ts";
export { type ByteChannel, type ChannelDuplex, channelOf, duplexOf } from "./transport/channel.ts";
export { type DuplexPairOptions, duplexPair } from "./transport/memory.ts";
