import { idBytes } from "../../chunk/chunk.ts";
import { cafsSpec } from "../../chunk/cutter-specs.ts";
import { isSyncError, type SyncError } from "../../errors.ts";
import { openTreeSource } from "../../tree/disk/source/source.node.ts";
import type { CutRun, TreeSource } from "../../tree/source.ts";
import type { AbortOptions } from "../../types.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { FoundChunks } from "./found-chunks.ts";

interface FindChunksOptions extends AbortOptions {
  /** Called for what cannot be read; it counts as not there. */
  readonly onTrouble: (error: SyncError) => void;
  /** Called for a path where nothing is. */
  readonly onMissing?: (path: string) => void;
}

/** The chunks of files on disk. Close it when their content is not needed any more. */
interface TreeChunks {
  readonly chunks: FoundChunks;
  close(): Promise<void>;
}

/**
 * Cuts files, and all files of directories, as CAFS does. Where nothing is, nothing is found.
 *
 * @throws IO
 */
export async function findChunks(paths: readonly string[], options: FindChunksOptions): Promise<TreeChunks> {
  const chunks = new FoundChunks();
  const sources: TreeSource[] = [];
  for (const path of paths) {
    const source = await openIfThere(path);
    if (source === undefined) {
      options.onMissing?.(path);
      continue;
    }
    sources.push(source);
    await addTree(chunks, source, options);
  }
  return {
    chunks,
    async close() {
      for (const source of sources) await source.close();
    },
  };
}

async function openIfThere(path: string): Promise<TreeSource | undefined> {
  try {
    return await openTreeSource(pathOf(path));
  } catch (thrown) {
    if (isSyncError(thrown, "VANISHED")) return undefined;
    throw thrown;
  }
}

async function addTree<File>(
  chunks: FoundChunks,
  source: TreeSource<File>,
  { signal, onTrouble }: FindChunksOptions,
): Promise<void> {
  const abort: AbortOptions = signal === undefined ? {} : { signal };
  for await (const batch of source.entries({ ...abort, onTrouble })) {
    const files = batch.filter(({ entry }) => entry.kind === "file").map(({ file }) => file);
    let last: File | undefined;
    let offset = 0;
    for await (const run of runsOf(source, files, abort)) {
      if (run.file !== last) {
        chunks.addOwner((at, size) => source.read(run.file, at, size, abort));
        last = run.file;
        offset = 0;
      }
      offset = addRun(chunks, run, offset);
      if (run.end !== undefined && run.end !== "complete") onTrouble(run.end);
    }
  }
}

async function* runsOf<File>(
  source: TreeSource<File>,
  files: readonly File[],
  abort: AbortOptions,
): AsyncGenerator<CutRun<File>> {
  for await (const runs of source.cut(files, cafsSpec, abort)) yield* runs;
}

/** Adds the chunks of a run that starts at this offset of its file; returns where it ends. */
function addRun(chunks: FoundChunks, { ids, sizes }: CutRun<unknown>, start: number): number {
  let offset = start;
  for (const [i, size] of sizes.entries()) {
    chunks.add(ids.subarray(i * idBytes, (i + 1) * idBytes), offset, size);
    offset += size;
  }
  return offset;
}
