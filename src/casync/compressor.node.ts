import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import * as zlib from "node:zlib";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import { maxStoredChunkBytes } from "../store/chunk-file.node.ts";
import type { Bytes } from "../types.ts";
import { type ChunkCoding, compressedCoding } from "./chunk-coding.ts";
import {
  type Compression,
  compressionOf,
  type Compressor,
  portableCompressor,
  unknownCompression,
} from "./compressor.ts";
import { expandedBound } from "./zstd-frames.ts";

/** What native code there is for zstd. */
type Zstd = Compressor;

/** The calls of Node 22.15 and newer. */
interface ZlibWithZstd {
  zstdCompressSync?(bytes: Bytes, options: object): Bytes;
  zstdDecompressSync?(bytes: Bytes, options: object): Bytes;
}

/** The calls of `@cloudpss/zstd`. */
interface CloudpssNapi {
  readonly _NapiBindings: {
    compress(bytes: Bytes, level: number): Bytes;
    /** Refuses what may expand to `limitBytes` or more, by the number of its blocks. */
    decompress(bytes: Bytes, limitBytes: number): Bytes;
    readonly Compressor: new (level: number) => CloudpssStream;
    readonly Decompressor: new () => CloudpssStream;
  };
}

/** What one side of it does to a stream: each result is a Buffer of its own. */
interface CloudpssStream {
  data(bytes: Bytes, take: (part: Bytes) => void): void;
  end(take: (part: Bytes) => void): void;
}

/** What zstd, casync and desync compress by unless told otherwise. */
const level = 3;

/** Limits of what expands chunks. */
export const compressorLimits = Object.freeze({
  /** Memory that xz may take: as much as its highest level, and some. A chunk may ask for more. */
  xzMemoryBytes: 104_857_600,
});

let found: Zstd | undefined;

/**
 * Zstd by Node's own code, or by `@cloudpss/zstd`, an optional dependency, or else in portable
 * code; gzip and, where the program `xz` is installed, xz for reading.
 */
export const nodeCompressor: Compressor = Object.freeze({
  compress: (bytes: Bytes) => plain(findZstd().compress(bytes)),
  decompress: (stored: Bytes, maxBytes: number) => plain(expand(stored, maxBytes)),
});

/** Chunks as casync and desync store them, by that compressor. */
export const nodeCoding: ChunkCoding = compressedCoding(nodeCompressor);

function expand(stored: Bytes, maxBytes: number): Bytes {
  const form = compressionOf(stored);
  const expander = form && expanders[form];
  if (expander === undefined) throw unknownCompression(form);
  return expander(stored, maxBytes);
}

const expanders: Readonly<Record<Compression, (stored: Bytes, maxBytes: number) => Bytes>> = {
  zstd: (stored, maxBytes) => findZstd().decompress(stored, maxBytes),
  gzip: (stored, maxBytes) => zlib.gunzipSync(stored, { maxOutputLength: Math.max(maxBytes, 1) }),
  xz(stored, maxBytes) {
    const memory = `--memlimit-decompress=${compressorLimits.xzMemoryBytes}`;
    const run = spawnSync("xz", ["--decompress", "--stdout", "--format=xz", memory], {
      input: stored,
      maxBuffer: maxBytes,
    });
    if (run.status === 0 && !run.error) return run.stdout;
    if (run.error && "code" in run.error && run.error.code === "ENOENT") throw unknownCompression("xz");
    throw new SyncError("CORRUPT", "xz cannot expand the chunk", { cause: run.error ?? String(run.stderr) });
  },
};

function findZstd(): Zstd {
  found ??= zstdOfNode() ?? zstdOfPackage() ?? portableCompressor;
  return found;
}

function zstdOfNode(): Zstd | undefined {
  const { zstdCompressSync, zstdDecompressSync } = zlib as ZlibWithZstd;
  if (!zstdCompressSync || !zstdDecompressSync) return undefined;
  return {
    compress: (bytes) => zstdCompressSync(bytes, {}),
    decompress: (stored, maxBytes) => zstdDecompressSync(stored, { maxOutputLength: Math.max(maxBytes, 1) }),
  };
}

function zstdOfPackage(): Zstd | undefined {
  try {
    const module = createRequire(import.meta.url)("@cloudpss/zstd/napi") as CloudpssNapi;
    const { _NapiBindings: native } = module;
    if (!isMainThread) return zstdOfThread(native);
    return {
      compress: (bytes) => native.compress(bytes, level),
      decompress: (stored, maxBytes) =>
        native.decompress(stored, Math.max(maxBytes, maxStoredChunkBytes) + 1),
    };
  } catch {
    // Not installed, or not built for this system.
    return undefined;
  }
}

/**
 * The same for a thread. `compress` and `decompress` of the package work in memory that all threads
 * share, without a lock; its streams have their own.
 */
function zstdOfThread({ Compressor, Decompressor }: CloudpssNapi["_NapiBindings"]): Zstd {
  const compressor = new Compressor(level);
  let decompressor = new Decompressor();
  return {
    compress: (bytes) => throughStream(compressor, bytes),
    decompress(stored, maxBytes) {
      const bound = expandedBound(stored);
      // What is left of a frame that is cut off would spoil the next one.
      if (bound === undefined || bound > Math.max(maxBytes, maxStoredChunkBytes))
        throw new SyncError("CORRUPT", "the frames of zstd are damaged or too long");
      try {
        return throughStream(decompressor, stored);
      } catch (thrown) {
        decompressor = new Decompressor();
        throw thrown;
      }
    },
  };
}

function throughStream(stream: CloudpssStream, bytes: Bytes): Bytes {
  const parts: Bytes[] = [];
  const take = (part: Bytes): void => void parts.push(part);
  stream.data(asBuffer(bytes), take);
  stream.end(take);
  return parts.length === 1 ? parts[0]! : concatBytes(parts);
}

function asBuffer({ buffer, byteOffset, length }: Bytes): Bytes {
  return Buffer.from(buffer, byteOffset, length);
}

/** The same bytes without the methods of Buffer. */
function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
