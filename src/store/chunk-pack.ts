import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { type Chunk, type ChunkInfo, idBytes } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** Bytes that an entry of a pack's head takes: an id and a size. */
const entryBytes = idBytes + 4;
/** Bytes of the number that a pack begins with: how many chunks it has. */
const countBytes = 4;

/** The head of a pack: which chunks it has. Their content follows, in the same order. */
export function encodePackHead(chunks: readonly ChunkInfo[]): Bytes {
  const writer = new ByteWriter();
  writer.u32(chunks.length);
  for (const { id, size } of chunks) {
    writer.bytes(id);
    writer.u32(size);
  }
  return writer.finish();
}

/** A chunk in a pack, and where its content begins there. */
interface PackedChunk extends ChunkInfo {
  /** Bytes from the start of the pack. */
  readonly offset: number;
}

/**
 * Reads the head of a pack.
 *
 * @throws CORRUPT when what it says does not fit the pack's size, BAD_MESSAGE when it is cut off
 */
export async function readPackHead(pack: Blob): Promise<readonly PackedChunk[]> {
  const count = new ByteReader(await bytesOf(pack.slice(0, countBytes))).u32();
  const headBytes = countBytes + count * entryBytes;
  if (headBytes > pack.size) throw damaged();
  const reader = new ByteReader(await bytesOf(pack.slice(countBytes, headBytes)));
  let offset = headBytes;
  const chunks = Array.from({ length: count }, () => {
    const chunk = { id: reader.bytes(idBytes).slice(), size: reader.u32(), offset };
    offset += chunk.size;
    return chunk;
  });
  if (offset !== pack.size) throw damaged();
  return chunks;
}

/** What `encodePackHead` wants to know of chunks. */
export function infoOf({ id, bytes }: Chunk): ChunkInfo {
  return { id, size: bytes.length };
}

/** The content of a blob. */
export async function bytesOf(blob: Blob): Promise<Bytes> {
  return new Uint8Array(await blob.arrayBuffer());
}

function damaged(): SyncError {
  return new SyncError("CORRUPT", "a pack of chunks is damaged");
}
