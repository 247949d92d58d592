import { idBytes } from "../chunk/chunk.ts";
import type { Cutter } from "../chunk/cutter.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { writeKey } from "../chunk/id-key.ts";
import { SyncError } from "../errors.ts";
import { bytesOf } from "../store/chunk-pack.ts";
import { domTrouble } from "../store/dom-trouble.ts";
import type { CutOptions, CutRun } from "../tree/source.ts";
import type { Bytes } from "../types.ts";
import type { ListedFile } from "./file-walk.ts";

/** Content read at once, about: of one file or of many small ones. */
const batchBytes = 1 << 20;
/** Files read at once. */
const batchCount = 128;

type Run = CutRun<ListedFile>;

/** How runs are made. */
interface CutTools {
  readonly cutter: Cutter;
  readonly digest: ChunkDigest;
  readonly room: NonNullable<CutOptions["room"]>;
}

/** Reads, cuts and hashes files: small ones many at a time, large ones in slices. */
export async function* cutListed(
  files: readonly ListedFile[],
  cutter: Cutter,
  { signal, room = (count) => new Uint8Array(count), digest = sha256Digest }: CutOptions,
): AsyncGenerator<readonly Run[]> {
  const tools: CutTools = { cutter, digest, room };
  for (let at = 0; at < files.length;) {
    const some = takeBatch(files, at);
    at += some.length;
    signal?.throwIfAborted();
    if (sizeOf(some[0]!) > batchBytes) yield* cutLarge(some[0]!, tools, signal);
    else yield await cutSmall(some, tools);
  }
}

/**
 * A part of a file, in full.
 *
 * @throws CHANGED, VANISHED, IO
 */
export async function readListed({ path, file }: ListedFile, offset: number, size: number): Promise<Bytes> {
  try {
    const bytes = await bytesOf(file!.slice(offset, offset + size));
    if (bytes.length === size) return bytes;
  } catch (thrown) {
    throw domTrouble(thrown, path);
  }
  throw new SyncError("CHANGED", "a file is shorter than it was", { detail: { path } });
}

function sizeOf({ file }: ListedFile): number {
  return file?.size ?? 0;
}

function takeBatch(files: readonly ListedFile[], first: number): readonly ListedFile[] {
  let totalBytes = sizeOf(files[first]!);
  let end = first + 1;
  while (end < files.length && end - first < batchCount) {
    totalBytes += sizeOf(files[end]!);
    if (totalBytes > batchBytes) break;
    end += 1;
  }
  return files.slice(first, end);
}

async function cutSmall(files: readonly ListedFile[], tools: CutTools): Promise<Run[]> {
  const contents = await Promise.all(
    files.map((file) => readListed(file, 0, sizeOf(file)).catch((thrown: unknown) => domTrouble(thrown))),
  );
  return files.map((file, i) => {
    const content = contents[i]!;
    if (content instanceof Uint8Array) return { ...cutBlock(file, content, true, tools), end: "complete" };
    return emptyRun(file, content);
  });
}

async function* cutLarge(
  file: ListedFile,
  tools: CutTools,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Run[]> {
  const size = sizeOf(file);
  for (let position = 0; position < size;) {
    signal?.throwIfAborted();
    const wanted = Math.min(tools.cutter.buffer.length, size - position);
    const isLast = position + wanted === size;
    let block: Bytes;
    try {
      block = await readListed(file, position, wanted);
    } catch (thrown) {
      return yield [emptyRun(file, domTrouble(thrown))];
    }
    const run = cutBlock(file, block, isLast, tools);
    position += run.bytes.length;
    yield [isLast ? { ...run, end: "complete" } : run];
  }
}

function cutBlock(file: ListedFile, block: Bytes, isLast: boolean, tools: CutTools): Run {
  const { cutter, digest, room } = tools;
  cutter.buffer.set(block);
  const ends = cutter.cut(block.length, isLast);
  const length = ends.at(-1) ?? 0;
  const bytes = room(length);
  bytes.set(block.subarray(0, length));
  const ids = new Uint8Array(ends.length * idBytes);
  const sizes: number[] = [];
  let start = 0;
  for (const end of ends) {
    writeKey(digest.keyOf(bytes.subarray(start, end)), ids, sizes.length * idBytes);
    sizes.push(end - start);
    start = end;
  }
  return { file, sizes, ids, bytes };
}

function emptyRun(file: ListedFile, end: SyncError): Run {
  return { file, sizes: [], ids: new Uint8Array(), bytes: new Uint8Array(), end };
}
