/** Formats of casync and desync, anywhere: re-exports only. */

export type { Answer, AnswerHeaders, Call } from "../bucket/answer.ts";
export type { Bucket, BucketObject } from "../bucket/bucket.ts";
export type { RequestOptions } from "../bucket/requests.ts";
export { s3Bucket } from "../bucket/s3.ts";
export type { S3BucketOptions, S3Dialect, S3Lookup } from "../bucket/s3-requests.ts";
export type { S3Credentials } from "../bucket/sign-request.ts";
export { openS3, type S3Place, type S3Settings } from "../bucket/s3-place.ts";
export { bucketChunks, type BucketChunksOptions } from "./bucket-chunks.ts";
export {
  type CatarAcl,
  type CatarAclEntry,
  type CatarDefaultAcl,
  type CatarEvent,
  catarLimits,
  type CatarNode,
  type CatarType,
  type CatarXattr,
} from "./catar-node.ts";
export { type CatarReading, readCatar } from "./catar-reader.ts";
export { type ChunkCoding, compressedCoding, plainCoding } from "./chunk-coding.ts";
export { chunkPath, idOfPath } from "./chunk-name.ts";
export { type Compressor, portableCompressor } from "./compressor.ts";
export { type CatarToTarOptions, tarOfCatar } from "./catar-to-tar.ts";
export { CatarWriter } from "./catar-writer.ts";
export {
  blobFeatures,
  casyncFeatures,
  casyncTreeFeatures,
  checkFeatures,
  desyncTreeFeatures,
  normalFeatures,
} from "./features.ts";
export { digestOfIndex, type IndexChunk, type IndexHeader, withDigest } from "./index-header.ts";
export { httpChunks, type HttpChunksOptions } from "./http-chunks.ts";
export { type IndexReading, readIndex } from "./index-reader.ts";
export { writeIndex } from "./index-writer.ts";
export { keepFeatures } from "./keep-features.ts";
export { type CheckedChunk, type KeptChunk, type KeptChunks, verifyKept } from "./kept-chunks.ts";
export { mtreeLines } from "./mtree.ts";
export { makeIndex, type MakeIndexOptions } from "./make-index.ts";
export { ociChunks, type OciChunksOptions } from "./oci-chunks.ts";
export type { OciCredentials, OciOptions } from "./oci-registry.ts";
export { type PullOffer, servePull } from "./serve-pull.ts";
export { type PushedIndex, pushIndex } from "./push-index.ts";
export { type PushTarget, servePush } from "./serve-push.ts";
export { pulledChunks, type PulledChunksOptions } from "./pulled-chunks.ts";
export { casyncChunks, storedTarget } from "./stored-target.ts";
export { readBlob, type ReadBlobOptions } from "./read-blob.ts";
export { cachedStore, failoverGroup, mergedReads, severalStores } from "./several-stores.ts";
export { catarOfTar, type TarToCatarOptions } from "./tar-to-catar.ts";
export { verifyBlob, type VerifyBlobOptions } from "./verify-blob.ts";
