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

export { fromHex, toHex } from "./bytes/hex.ts";

export { type Chunk, type ChunkId, type ChunkInfo, idBytes } from "./chunk/chunk.ts";
export { type CutterOptions, createCutter } from "./chunk/create-cutter.ts";
export { type CutChunksOptions, cutChunks } from "./chunk/cut-chunks.ts";
export {
  type CasyncSizes,
  cafsSpec,
  casyncSizes,
  casyncSpec,
  checkCutterSpec,
  fastcdcSpec,
  fixedSpec,
} from "./chunk/cutter-specs.ts";
export type { Cutter, CutterSpec } from "./chunk/cutter.ts";
export { type ChunkDigest, type Digester, createSha256, sha256, sha256Digest } from "./chunk/digest.ts";
export { handprint } from "./chunk/handprint.ts";
export { createSha512_256, sha512_256Digest } from "./chunk/sha512-256.ts";
export { chunkOf, verifyChunk } from "./chunk/verify.ts";

export { type AwaitedStore, awaitedStore } from "./store/awaited.ts";
export type { CafsChunk, CafsFile } from "./store/cafs-file.ts";
export { type CafsStorage, createCafsStorage } from "./store/cafs-storage.ts";
export { cafsStore } from "./store/cafs-store.ts";
export type { CafsTemporary } from "./store/cafs-temporary.ts";
export { type MemoryStoreOptions, memoryStore } from "./store/memory.ts";
export type { ChunkReader, ChunkWriter, Pin, Store } from "./store/store.ts";
export { type TieredStoreOptions, tieredStore } from "./store/tiered.ts";

export {
  type BuildProgress,
  type BuildResult,
  type Builder,
  type BuilderOptions,
  createBuilder,
} from "./remotesync/builder.ts";
export { decodeChunks, encodeChunk } from "./remotesync/chunk-stream.ts";
export { type Permutation, invertPermutation, randomPermutation } from "./remotesync/permutation.ts";
export {
  type SendOptions as ChunkDataOptions,
  type SendStatus as ChunkDataStatus,
  writeChunkData,
} from "./remotesync/sender.ts";
export { shuffle, unshuffle } from "./remotesync/shuffle.ts";
export {
  type DecodeSyncInfoOptions,
  type EncodeSyncInfoOptions,
  decodeSyncInfo,
  encodeSyncInfo,
  readSyncInfo,
} from "./remotesync/sync-info-json.ts";
export {
  type DecodeLegacyOptions,
  decodeLegacyChunks,
  encodeLegacyChunks,
} from "./remotesync/sync-info-legacy.ts";
export {
  type SyncInfo,
  type SyncInfoLimits,
  type SyncInfoOptions,
  shuffleSyncInfo,
  syncInfoOf,
} from "./remotesync/sync-info.ts";
export { serveTo, syncFrom } from "./remotesync/web-streams.ts";
export { decodeWishlist, encodeWishlist } from "./remotesync/wishlist.ts";

export {
  type MemorySourceFile,
  type MemorySourceOptions,
  memorySource,
} from "./tree/memory/memory-source.ts";
export { memoryTarget } from "./tree/memory/memory-target.ts";
export {
  type MemoryDir,
  type MemoryFile,
  type MemoryLink,
  type MemoryNode,
  memoryDir,
  memoryFile,
  memoryLink,
  textOfName,
} from "./tree/memory/memory-tree.ts";
export { type ByteString, byteStringOf } from "./bytes/byte-string.ts";
export { type TreeFilter, type TreeFilterOptions, createTreeFilter } from "./tree/filter/tree-filter.ts";
export type { DirFilter, FilterTop, ReadBeside } from "./tree/filter/dir-filter.ts";
export type {
  DirMergeRule,
  FilterRule,
  FilterSide,
  PatternRule,
  RuleOrigin,
  RuleReading,
  RuleSides,
} from "./tree/filter/rule.ts";
export type { Entry, EntryKind, Layout, TreeChange } from "./tree/entry/entry.ts";
export type { CutOptions, CutRun, SourceEntry, SourceOptions, TreeSource } from "./tree/source.ts";
export type { Need, Placement, TargetOptions, TreeTarget } from "./tree/target.ts";

export { type ReceiverOptions, createReceiver } from "./session/create-receiver.ts";
export { type SenderOptions, createSender } from "./session/create-sender.ts";
export type { Connect, ReconnectOptions, Retry, Run } from "./session/reconnect.ts";
export { ChunkMemory } from "./session/chunk-memory.ts";
export type { Mode, Windows } from "./session/hello.ts";
export { type ChunkList, readChunkList } from "./session/list.ts";
export type { LivenessOptions } from "./session/liveness.ts";
export { type ReceiveLimits, receiveLimits } from "./session/allowance.ts";
export {
  type ReceiveOptions,
  type ReceiveProgress,
  type ReceiveSummary,
  receiveTree,
} from "./session/receive.ts";
export { type SendOptions, type SendProgress, type SendSummary, sendTree } from "./session/send.ts";

export {
  type ByteChannel,
  type ChannelDuplex,
  channelOf,
  duplexOf,
  type ReadOptions,
} from "./transport/channel.ts";
export { type DuplexPairOptions, duplexPair } from "./transport/memory.ts";
