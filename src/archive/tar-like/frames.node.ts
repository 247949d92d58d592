import { createRequire } from "node:module";
import { concatBytes } from "../../bytes/compare.ts";
import { SyncError, toSyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { checkFrame, frameBlockBytes, frameHead, storedBit } from "./frame-layout.ts";

/** Bytes of the length that the module puts in front of a block. */
const lengthBytes = 4;

/**
 * Content as one frame of LZ4, of the kind that tar-like writes: with its length, in blocks of 64
 * KiB, without checksums.
 *
 * @throws UNSUPPORTED where the module is not installed
 */
export async function encodeFrame(content: Bytes): Promise<Bytes> {
  const { compress } = loadModule();
  const parts: Bytes[] = [frameHead(content.length)];
  for (let at = 0; at < content.length; at += frameBlockBytes) {
    const block = content.subarray(at, at + frameBlockBytes);
    const compressed = (await compress(block)).subarray(lengthBytes);
    const isStored = compressed.length >= block.length;
    const kept = isStored ? block : compressed;
    parts.push(wordOf(isStored ? kept.length + storedBit : kept.length), kept);
  }
  return concatBytes([...parts, wordOf(0)]);
}

/**
 * The content of one frame of LZ4, at most so many bytes of it.
 *
 * @throws BAD_MESSAGE for what is no such frame, UNSUPPORTED
 */
export async function decodeFrame(frame: Bytes, mostBytes: number): Promise<Bytes> {
  const { decompressFrame } = loadModule();
  checkFrame(frame, mostBytes);
  const content = await decompressFrame(frame).catch((thrown: unknown) => {
    throw toSyncError(thrown, "BAD_MESSAGE");
  });
  if (content.length > mostBytes) throw new SyncError("BAD_MESSAGE", "a frame of LZ4 holds more than it may");
  return content;
}

function wordOf(value: number): Bytes {
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, value, true);
  return word;
}

/** The optional dependency that knows LZ4. */
function loadModule(): typeof import("lz4-napi") {
  try {
    return createRequire(import.meta.url)("lz4-napi") as typeof import("lz4-napi");
  } catch (cause) {
    throw new SyncError("UNSUPPORTED", "LZ4 needs the optional package lz4-napi, which is not here", {
      cause,
    });
  }
}
