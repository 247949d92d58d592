import { createHash } from "node:crypto";
import fs from "node:fs";
import { abortable } from "../bytes/abort.ts";
import { maxCafsChunkBytes } from "../bytes/varint.ts";
import { type ChunkInfo, idBytes } from "../chunk/chunk.ts";
import { createCutter } from "../chunk/create-cutter.ts";
import { sha256Digest } from "../chunk/digest.ts";
import { cafsSpec } from "../chunk/cutter-specs.ts";
import { writeKey } from "../chunk/id-key.ts";
import { SyncError } from "../errors.ts";
import { checkCount, emptyId, syncInfoLimits } from "../remotesync/sync-info.ts";
import { ChunkPlaces } from "../tree/disk/source/chunk-reader.node.ts";
import { chunkNamer, cutBlock } from "../tree/disk/calls/file-cut.node.ts";
import { Pause } from "../bytes/pause.node.ts";
import type { AbortOptions } from "../types.ts";

/** What is remembered of files that were cut. */
export const fileCutLimits = Object.freeze({
  /**
   * Chunks of all remembered files together, unless the last one has more: about 150 bytes each,
   * and about 8 KiB of file.
   */
  cutChunkCount: 2 ** 18,
});

/** How a file was cut. */
interface FileCut {
  /** Names the state that the file was in. */
  readonly version: string;
  readonly places: ChunkPlaces;
}

/** Cuts open files as CAFS does, each state of a file once as long as it is remembered. */
export class FileCuts {
  /** By version, the one asked for last at the end. */
  readonly #known = new Map<string, FileCut>();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #maxChunkCount: number;
  #chunkCount = 0;

  /** @param maxChunkCount chunks of one file; a longer one is refused */
  constructor(maxChunkCount: number = syncInfoLimits.maxChunkCount) {
    this.#maxChunkCount = maxChunkCount;
  }

  /**
   * How this file is cut. Who asks while somebody else has it cut waits for that.
   *
   * @throws LIMIT for a file of too many chunks; CHANGED when it changes meanwhile; the signal's
   *   reason; what the system says
   */
  async of(fd: number, { signal }: AbortOptions): Promise<FileCut> {
    const version = versionOf(fd);
    for (;;) {
      const known = this.#known.get(version);
      if (known) return this.#remember(known);
      const other = this.#underWay.get(version);
      if (!other) break;
      await abortable(other, signal);
    }
    const cutting = this.#cut(fd, version, signal);
    this.#underWay.set(
      version,
      cutting.then(
        () => {},
        () => {},
      ),
    );
    return cutting;
  }

  /** What was found of a file turned out not to be so: it is cut anew the next time. */
  forget(version: string): void {
    this.#chunkCount -= this.#known.get(version)?.places.chunks.length ?? 0;
    this.#known.delete(version);
  }

  async #cut(fd: number, version: string, signal: AbortSignal | undefined): Promise<FileCut> {
    try {
      return this.#remember(await cutFile(fd, version, this.#maxChunkCount, signal));
    } finally {
      this.#underWay.delete(version);
    }
  }

  #remember(cut: FileCut): FileCut {
    this.forget(cut.version);
    this.#known.set(cut.version, cut);
    this.#chunkCount += cut.places.chunks.length;
    for (const version of this.#known.keys()) {
      if (this.#chunkCount <= fileCutLimits.cutChunkCount || version === cut.version) break;
      this.forget(version);
    }
    return cut;
  }
}

/** Two states of a file differ in one of these; the name tells none of them. */
export function versionOf(fd: number): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = fs.fstatSync(fd, { bigint: true });
  return createHash("sha256").update(`${dev}|${ino}|${size}|${mtimeNs}|${ctimeNs}`).digest("hex");
}

async function cutFile(
  fd: number,
  version: string,
  maxChunkCount: number,
  signal: AbortSignal | undefined,
): Promise<FileCut> {
  const { size } = fs.fstatSync(fd);
  checkCount(Math.ceil(size / maxCafsChunkBytes), maxChunkCount); // at once, where no cut can help
  const cutter = createCutter(cafsSpec);
  const nameChunk = chunkNamer(sha256Digest, maxCafsChunkBytes);
  const pause = new Pause(signal);
  const chunks: ChunkInfo[] = [];
  for (let position = 0, ends = cutBlock(fd, 0, size, cutter); ends.length > 0;) {
    const ids = new Uint8Array(ends.length * idBytes);
    let start = 0;
    for (const [number, end] of ends.entries()) {
      writeKey(nameChunk(cutter.buffer.subarray(start, end)), ids, number * idBytes);
      chunks.push({ id: ids.subarray(number * idBytes, (number + 1) * idBytes), size: end - start });
      start = end;
    }
    checkCount(chunks.length, maxChunkCount);
    if (pause.due()) await pause.take();
    ends = cutBlock(fd, (position += start), size, cutter);
  }
  if (versionOf(fd) !== version) throw new SyncError("CHANGED", "the file changed while it was being cut");
  return { version, places: new ChunkPlaces(chunks.length > 0 ? chunks : [{ id: emptyId, size: 0 }]) };
}
