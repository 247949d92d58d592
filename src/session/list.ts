import { equalBytes } from "../bytes/compare.ts";
import { idBytes } from "../chunk/chunk.ts";
import { checkCutterSpec } from "../chunk/cutter-specs.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { sha256Digest } from "../chunk/digest.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { decodeChunkGroups } from "./levels/chunks/chunk-groups.ts";
import { ChunkMemory } from "./chunk-memory.ts";
import { decodeEnd, decodeError } from "./closing.ts";
import { FrameReader } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { decodeHello } from "./hello.ts";
import { sessionLimits } from "./limits.ts";

/** What a list stream names, for `SendOptions`. */
export interface ChunkList {
  readonly chunks: ChunkMemory;
  /** How it was cut; a sender finds the same chunks only when it cuts alike. */
  readonly cutter: CutterSpec;
}

/**
 * Reads a stream of mode `list`: what `sendTree` wrote about a tree that the receiver has.
 *
 * Memory: 24 to 48 bytes a chunk, bounded as ChunkMemory is; what is beyond is sent though it is
 * there.
 *
 * @throws UNSUPPORTED for a stream of another mode, TRUNCATED, CORRUPT, BAD_FRAME, BAD_MESSAGE,
 *   LIMIT
 */
export async function readChunkList(source: AsyncIterable<Bytes>): Promise<ChunkList> {
  const reader = new FrameReader();
  const list = new ListReader();
  for await (const block of source) {
    for (const frame of reader.read(block)) list.take(frame);
  }
  const result = list.finish();
  if (reader.isMidFrame) throw goesOn();
  return result;
}

function goesOn(): SyncError {
  return new SyncError("UNSOLICITED", "a chunk list goes on after its end");
}

class ListReader {
  readonly #chunks = new ChunkMemory(sessionLimits.rememberedChunkCount);
  #cutter: CutterSpec | undefined;
  #ended = false;

  take(frame: Frame): void {
    if (this.#ended) throw goesOn();
    if (this.#cutter === undefined) {
      this.#cutter = cutterOf(frame);
      return;
    }
    switch (frame.type) {
      case "CHUNKS":
        return this.#learn(frame.payload, this.#cutter.maxBytes);
      case "END":
        return this.#end(frame);
      case "ENTRIES":
      case "LISTED":
      case "UNLISTED":
      case "PING":
        return;
      case "ERROR":
        throw decodeError(frame.payload);
      default:
        throw new SyncError("BAD_FRAME", `a chunk list has no ${frame.type}`);
    }
  }

  finish(): ChunkList {
    if (this.#cutter === undefined || !this.#ended) {
      throw new SyncError("TRUNCATED", "the chunk list ends too early");
    }
    return { chunks: this.#chunks, cutter: this.#cutter };
  }

  #learn(payload: Bytes, maxChunkBytes: number): void {
    for (const { ids } of decodeChunkGroups(payload, maxChunkBytes)) {
      for (let at = 0; at < ids.length; at += idBytes) this.#chunks.add(ids.subarray(at, at + idBytes));
    }
  }

  #end({ payload, transcript }: Frame): void {
    if (!equalBytes(decodeEnd(payload).transcript, transcript)) {
      throw new SyncError("CORRUPT", "the digests of the whole differ");
    }
    this.#ended = true;
  }
}

function cutterOf({ type, payload }: Frame): CutterSpec {
  if (type === "ERROR") throw decodeError(payload);
  if (type !== "HELLO") throw new SyncError("BAD_FRAME", `a chunk list began with ${type}`);
  const { mode, digest, cutter } = decodeHello(payload, "sender");
  if (mode !== "list") throw new SyncError("UNSUPPORTED", "this is a stream to receive, not a chunk list");
  if (digest !== sha256Digest.name)
    throw new SyncError("UNSUPPORTED", `the digest ${digest} is not known here`);
  return checkCutterSpec(cutter);
}
