import { Decompress } from "fzstd";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { viewOf } from "./words.ts";

/** What makes chunks shorter, and long again. */
export interface Compressor {
  /** One frame of zstd, with nothing behind it. */
  compress(bytes: Bytes): Bytes;
  /**
   * What compressed bytes expand to. It takes no more memory than `maxBytes` and what the longest
   * chunk takes.
   *
   * @throws what it likes when they are damaged, or expand to more than that
   */
  decompress(stored: Bytes, maxBytes: number): Bytes;
}

/** How the forms of compression begin. */
const magics = {
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  gzip: [0x1f, 0x8b],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
} as const;

/** A form of compression that casync may have stored a chunk in. */
export type Compression = keyof typeof magics;

/** The form that bytes are compressed in, by how they begin; undefined for none. */
export function compressionOf(bytes: Bytes): Compression | undefined {
  const names = Object.keys(magics) as Compression[];
  return names.find((name) => magics[name].every((byte, at) => byte === bytes[at]));
}

/**
 * The compressor that runs anywhere. It reads zstd, at a tenth of the speed of native code, and
 * writes frames of it that are no shorter than their content.
 */
export const portableCompressor: Compressor = Object.freeze({
  compress: storeInFrame,
  decompress(stored: Bytes, maxBytes: number): Bytes {
    const form = compressionOf(stored);
    if (form !== "zstd") throw unknownCompression(form);
    return expandZstd(stored, maxBytes);
  },
});

/** The error for bytes that cannot be expanded here. */
export function unknownCompression(form: Compression | undefined): SyncError {
  if (form === undefined) return new SyncError("CORRUPT", "the chunk is in no known compression");
  return new SyncError("UNSUPPORTED", `chunks compressed as ${form} cannot be read here`);
}

function expandZstd(stored: Bytes, maxBytes: number): Bytes {
  const parts: Bytes[] = [];
  let sizeBytes = 0;
  const decoder = new Decompress((part) => {
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) throw new SyncError("LIMIT", "the chunk expands to more than it may");
    parts.push(part.slice());
  });
  decoder.push(stored, true);
  return concatBytes(parts);
}

/** Bytes of the longest block of a frame. */
const blockBytes = 131_072;
/** A frame that says its size in four bytes, without checksum and window. */
const frameDescriptor = 0xa0;

/** A frame whose blocks are the content as it is. */
function storeInFrame(bytes: Bytes): Bytes {
  const head = new Uint8Array(9);
  head.set(magics.zstd);
  head[4] = frameDescriptor;
  viewOf(head).setUint32(5, bytes.length, true);
  const parts: Bytes[] = [head];
  for (let at = 0; at === 0 || at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const isLast = at + blockBytes >= bytes.length;
    const header = (block.length << 3) | (isLast ? 1 : 0);
    parts.push(Uint8Array.of(header, header >>> 8, header >>> 16), block);
  }
  return concatBytes(parts);
}
