/** The face of everything that needs Node, beside all of the portable one: re-exports only. */

export * from "./index.ts";

export {
  type CheckedChunk,
  type DirStore,
  type DirStoreOptions,
  type VerifyOptions,
  dirStore,
} from "./store/dir.node.ts";
export { type ArchiveTreeOptions, archiveTree } from "./casync/archive-tree.node.ts";
export { type BlobSeed, openSeed, openUncutSeed } from "./casync/blob-seed.node.ts";
export { type CastrOptions, type CastrStore, castrStore } from "./casync/castr.node.ts";
export {
  type ChunkAnswer,
  type ChunkAnswers,
  chunkAnswers,
  type ChunkAnswersOptions,
} from "./casync/chunk-answers.node.ts";
export { type AnyContent, blobReader, type BlobReaderOptions } from "./casync/blob-reader.ts";
export { type ChunkTable, openChunkTable } from "./casync/chunk-table.ts";
export { fileContent, indexFileTable } from "./casync/file-content.node.ts";
export { blobTree } from "./fuse/blob-tree.ts";
export { catarTree } from "./fuse/catar-tree.ts";
export type { FuseAttributes, FuseStatistics } from "./fuse/fuse-replies.ts";
export type { FuseMember, FuseTree, FuseXattr } from "./fuse/fuse-tree.ts";
export { mountTree, type MountTreeOptions } from "./fuse/mount-tree.node.ts";
export { type ChunkServerOptions, chunkServer } from "./casync/chunk-server.node.ts";
export { nodeCompressor } from "./casync/compressor.node.ts";
export { type ExtractBlobOptions, type ExtractTotals, extractBlob } from "./casync/extract-blob.node.ts";
export { type ExtractTreeOptions, extractTree } from "./casync/extract-tree.node.ts";
export {
  type OpenStoreOptions,
  openChunkReader,
  openChunkWriter,
  openKeptChunks,
} from "./casync/open-store.node.ts";
export { type ChunkCipher, encryptedCoding } from "./casync/encrypted-coding.node.ts";
export { nodeFetch, type TlsOptions } from "./bucket/node-fetch.node.ts";
export { sshChunks } from "./casync/ssh-chunks.node.ts";
export { blake3Digest } from "./chunk/blake3.node.ts";
export type { PlacePath } from "./tree/disk/calls/byte-string.node.ts";
export { type DirSource, type TreeSourceOptions, openTreeSource } from "./tree/disk/source/source.node.ts";
export { openTreePreview, type TreePreviewOptions } from "./tree/disk/target/preview.node.ts";
export type { Unkept } from "./tree/disk/facts/metadata.node.ts";
export { openTreeTarget } from "./tree/disk/target/target.node.ts";
export type { Order } from "./tree/order/order.ts";
export type { PlanRule } from "./tree/plan/plan-rule.ts";
export type { TreeTargetOptions } from "./tree/disk/target/target-options.node.ts";
export { nodeStreamDuplex } from "./transport/node-stream.node.ts";

export {
  type FetchCafsOptions,
  type FetchedSyncInfo,
  fetchCafs,
  fetchSyncInfo,
} from "./http/cafs-client.node.ts";
export { type CafsHandlerOptions, handleCafs, type OpenFile } from "./http/cafs-handler.node.ts";
export { type FileShare, fileShare } from "./http/file-share.node.ts";
export { type DirShareOptions, dirShare } from "./http/dir-share.node.ts";
export type { ListenOptions } from "./http/listener.node.ts";
export { type ServerOptions, type SyncServer, createServer } from "./http/server.node.ts";
export type { FileReport, RefusalReport } from "./http/server-report.ts";
export type { SessionReport } from "./http/session-host.ts";
export type { SharePath } from "./http/share-path.ts";
export type {
  FileShareOptions,
  Share,
  ShareOptions,
  SharedFile,
  SharedTree,
  TreeShareOptions,
} from "./http/share.ts";
export { type Principal, type Token, findToken, generateToken, parseTokens } from "./http/tokens.node.ts";
export type { Scope } from "./http/route.ts";

export { type CafsRelay, type CafsRelayOptions, createCafsRelay } from "./relay/cafs-relay.node.ts";
export { openRelayStore } from "./relay/relay-store.node.ts";
export {
  type Relay,
  type RelayOptions,
  type RelayStatus,
  type UpstreamRequest,
  createRelay,
} from "./relay/relay.ts";
export {
  type SwarmPeer,
  type SwarmPeerOptions,
  type SwarmStatus,
  createSwarmPeer,
} from "./swarm/swarm-peer.ts";
export type { MirrorOptions, MirrorSummary, MirrorTotals } from "./mirror/mirror-options.ts";
export { receiveChunks } from "./mirror/receive-chunks.ts";
export { sendChunks } from "./mirror/send-chunks.ts";
export { type PackStoreOptions, packStore } from "./store/pack.node.ts";
export type { SessionDirection } from "./transport/session-request.ts";
export type { OpeningOptions, SourcePlace, TargetPlace } from "./transfer/opened-places.node.ts";
export { transfer } from "./transfer/transfer.node.ts";
export type { TransferOptions, TransferSummary } from "./transfer/transfer-options.node.ts";
export { checkIndex, type CheckIndexOptions, type CheckProgress } from "./archive/check-index.node.ts";
export { diffIndexes } from "./archive/differences.node.ts";
export { type ForeignListing, type ImportOptions, openListing } from "./archive/import-listing.node.ts";
export { jsonForm } from "./archive/json-index.node.ts";
export { type IndexProgress, makeIndex, type MakeIndexOptions } from "./archive/make-index.node.ts";
export { openIndex } from "./archive/open-index.node.ts";
export { type Part, type PathRange, rangeOf, cutParts } from "./archive/parts.node.ts";
export { shareParts, type SharePartsOptions } from "./archive/share-parts.ts";
export { sqliteForm } from "./archive/sqlite-index.node.ts";
export { type BucketFile } from "./archive/bucket-tree/bucket-content.node.ts";
export { type IndexSourceOptions, openIndexSource } from "./archive/stored-tree/index-source.node.ts";
export { type BucketSourceOptions, openBucketSource } from "./archive/bucket-tree/bucket-source.node.ts";
export type { ObjectBucket } from "./bucket/object-bucket.ts";
export { s3Bucket } from "./bucket/s3.ts";
export type { S3BucketOptions } from "./bucket/s3-requests.ts";
export { tarLikeForm } from "./archive/tar-like/tar-table.node.ts";
export type {
  IndexedEntry,
  IndexFacts,
  IndexTotals,
  IndexWriter,
  TreeIndex,
} from "./archive/tree-index.node.ts";
export { type IndexForm, writeIndex } from "./archive/write-index.node.ts";
