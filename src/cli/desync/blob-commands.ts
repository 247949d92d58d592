import { existsSync, fstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../../bytes/hex.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { peek } from "../../bytes/peek.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import type { BlobSeed } from "../../casync/blob-seed.node.ts";
import { archiveStartBytes, desyncBlobFeatures } from "../../casync/desync-features.ts";
import { extractBlob } from "../../casync/extract-blob.node.ts";
import { eachChunk } from "../../casync/index-reader.ts";
import { inAnyOrder } from "../../bytes/in-any-order.ts";
import { chunksUnderWay } from "../../casync/in-order.ts";
import { digestOfIndex, type IndexHeader } from "../../casync/index-header.ts";
import { DigestThread } from "../../casync/digest-thread.node.ts";
import { makeIndex } from "../../casync/make-index.ts";
import { readBlob } from "../../casync/read-blob.ts";
import { verifyBlob } from "../../casync/verify-blob.ts";
import { cutChunks } from "../../chunk/cut-chunks.ts";
import { casyncSpec, type CasyncSizes, casyncSizes } from "../../chunk/cutter-specs.ts";
import { verifyChunk } from "../../chunk/verify.ts";
import { ExactReader } from "../../bytes/exact-reader.ts";
import { SyncError } from "../../errors.ts";
import { fillInPlace, fillReplacement, type Fill } from "../casync/blob-output.ts";
import { idLines, openIndex, writeResult } from "../casync/index-file.ts";
import { checkRoomFor } from "../casync/index-room.ts";
import { closeSeeds, openSeedAt } from "../casync/seeds.ts";
import { checkSizes } from "../casync/size-options.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { writeLines } from "../report/result-output.ts";
import { blobBytesOf, fileBytesOf } from "./blob-bytes.ts";
import { type DesyncArguments, isSet, numberOf, valueOf } from "./desync-arguments.ts";
import type { DesyncCall, DesyncCommand } from "./desync-command.ts";
import {
  desyncCacheOption,
  desyncStoreOptions,
  indexOpening,
  jobsIn,
  otherDigest,
  readerFor,
  writerFor,
} from "./desync-stores.ts";
import { showProgress } from "./desync-progress.ts";
import { ignoredIds } from "./ignored-ids.ts";

/** The option of commands that cut. */
export const desyncSizeOption = {
  "chunk-size": { type: "string", short: "m", about: "min:avg:max in KiB; 16:64:256 unless given" },
} as const;

/** The sizes that were given, in KiB. @throws USAGE */
export function sizesIn(given: DesyncArguments): CasyncSizes {
  const text = valueOf(given, "chunk-size");
  if (text === undefined) return casyncSizes;
  const [, min, average, max] = /^(\d{1,6}):(\d{1,6}):(\d{1,6})$/.exec(text) ?? [];
  if (max === undefined) throw new SyncError("USAGE", `-m takes min:avg:max in KiB, not "${text}"`);
  const inBytes = (kib: string | undefined): number => Number(kib) * 1024;
  return checkSizes({ minBytes: inBytes(min), averageBytes: inBytes(average), maxBytes: inBytes(max) });
}

/** An index whose digest is the one of the command line. @throws USAGE */
export async function indexFor(place: string, call: DesyncCall) {
  const { digest, signal } = call;
  const index = await openIndex(place, { signal, opening: indexOpening(call) });
  if (digestOfIndex(index).name === digest.name) return index;
  await index.close();
  throw otherDigest(place);
}

/** Chunk input file and create index. */
export const make: DesyncCommand = {
  usage: "<index> <file>",
  about: "Chunk input file and create index",
  operandCount: [2, 2],
  options: {
    ...desyncStoreOptions,
    ...desyncSizeOption,
    "print-stats": { type: "boolean", about: "print how many chunks there are, as JSON" },
  },
  async run(call) {
    const { given, digest, signal } = call;
    const [place, path] = given.operands as [string, string];
    await using store = writerFor(call);
    using progress = showProgress("Chunking", fileBytesOf(path));
    let count = 0;
    const { start, whole } = await peek(readFileBlocks(path, { signal, lends: true }), archiveStartBytes);
    await using namer = new DigestThread(digest);
    const index = makeIndex(whole, {
      features: desyncBlobFeatures(start),
      sizes: sizesIn(given),
      digest,
      namer,
      ...(store && { store }),
      ...jobsIn(given),
      signal,
      onProgress(doneBytes) {
        count++;
        progress.update(doneBytes);
      },
    });
    await writeResult(place, index, { signal, opening: indexOpening(call) });
    if (isSet(given, "print-stats"))
      call.tell(JSON.stringify({ ChunksAccepted: count, ChunksProduced: count }));
  },
};

/** Read an index and build a blob from it. */
export const extract: DesyncCommand = {
  usage: "<index> <output>",
  about: "Read an index and build a blob from it",
  operandCount: [2, 2],
  options: {
    ...desyncStoreOptions,
    ...desyncCacheOption,
    seed: { type: "string", about: "index with its blob beside it, or index:blob" },
    "seed-dir": { type: "string", about: "directory of such" },
    "skip-invalid-seeds": { type: "boolean", about: "every chunk of a seed is verified anyhow" },
    "regenerate-invalid-seeds": { type: "boolean", about: "likewise" },
    "in-place": { type: "boolean", short: "k", about: "write into the output itself and keep it on failure" },
    "print-stats": { type: "boolean", about: "print what was done, as JSON" },
  },
  async run(call) {
    const { given, signal } = call;
    const [place, path] = given.operands as [string, string];
    if (place === path) throw new SyncError("USAGE", "input and output are the same");
    if (isSet(given, "skip-invalid-seeds") && isSet(given, "regenerate-invalid-seeds"))
      throw new SyncError("USAGE", "--skip-invalid-seeds and --regenerate-invalid-seeds exclude one another");
    const index = await indexFor(place, call);
    await using store = readerFor(call);
    const seeds: BlobSeed[] = [];
    const fill: Fill = async (fd, old) => {
      await checkRoomFor(place, fd, path, { signal, opening: indexOpening(call) });
      using progress = showProgress("Assembling", blobBytesOf(place));
      const totals = await extractBlob(index, store, fd, path, {
        seeds,
        ...(old !== undefined && { old }),
        ...jobsIn(given),
        signal,
        onProgress: ({ totalBytes }) => progress.update(totalBytes),
      });
      if (!isSet(given, "print-stats")) return;
      const stats = {
        "chunks-from-seeds": totals.seedCount,
        "chunks-from-store": totals.storeCount,
        "chunks-in-place": totals.inPlaceCount,
        "bytes-copied-from-seeds": totals.seedBytes - totals.sharedBytes,
        "bytes-cloned-from-seeds": totals.sharedBytes,
        blocksize: fstatSync(fd).blksize,
        "bytes-total": totals.totalBytes,
        "chunks-total": totals.chunkCount,
        seeds: seeds.length + 1, // desync counts what is all zero as one
      };
      await writeLines([JSON.stringify(stats, null, 2)], { signal });
    };
    const work = async (): Promise<void> => {
      await openSeeds(seeds, place, index, call);
      await (isSet(given, "in-place") ? fillInPlace : fillReplacement)(path, fill);
    };
    await closingInTheEnd(work, async () => closeSeeds(seeds));
  },
};

async function openSeeds(
  seeds: BlobSeed[],
  place: string,
  header: IndexHeader,
  { given, signal }: DesyncCall,
): Promise<void> {
  const named = (given.values["seed"] ?? []).flatMap((text) => text.split(","));
  const found = (given.values["seed-dir"] ?? []).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".caibx"))
      .map((name) => join(folder, name))
      .filter((path) => path !== place && existsSync(path.slice(0, -".caibx".length))),
  );
  for (const seed of [...named, ...found]) seeds.push(await openSeedAt(seed, header, { signal }));
}

/** Store the chunks of a file according to an index. */
export const chop: DesyncCommand = {
  usage: "<index> <file>",
  about: "Store the chunks of a file according to an index",
  operandCount: [2, 2],
  options: {
    ...desyncStoreOptions,
    ignore: { type: "string", about: "index whose chunks are left out" },
    "ignore-chunks": { type: "string", about: "file of ids that are left out" },
  },
  async run(call) {
    const { given, digest, signal } = call;
    const [place, path] = given.operands as [string, string];
    await using store = writerFor(call);
    if (store === undefined) throw new SyncError("USAGE", "a store is missing: -s STORE");
    const ignored = await ignoredIds(call);
    const reader = new ExactReader(readFileBlocks(path, { signal }));
    const chunks = (async function* () {
      for await (const { id, size } of eachChunk(await indexFor(place, call)))
        yield verifyChunk(id, (await reader.read(size)).slice(), digest);
    })();
    using progress = showProgress("Chopping", blobBytesOf(place));
    let doneBytes = 0;
    const put = async (chunk: ReturnType<typeof verifyChunk>): Promise<void> => {
      if (!ignored.has(chunk.id)) await store.put(chunk, { signal });
      progress.update((doneBytes += chunk.bytes.length));
    };
    try {
      await inAnyOrder(
        chunks,
        chunksUnderWay(jobsIn(given).jobCount, ({ bytes }) => bytes.length),
        put,
      );
    } finally {
      await reader.close();
    }
  },
};

/** Stream a blob to stdout or a file-like object. */
export const cat: DesyncCommand = {
  usage: "<index> [output]",
  about: "Stream a blob to stdout or a file-like object",
  operandCount: [1, 2],
  options: {
    ...desyncStoreOptions,
    ...desyncCacheOption,
    offset: { type: "string", short: "o", about: "the byte to begin at" },
    length: { type: "string", short: "l", about: "bytes, 0 being all that follow" },
  },
  async run(call) {
    const { given, signal } = call;
    const index = await indexFor(given.operands[0]!, call);
    await using store = readerFor(call);
    const length = numberOf(given, "length") ?? 0;
    const content = readBlob(index, store, {
      offset: numberOf(given, "offset") ?? 0,
      ...(length > 0 && { length }),
      ...jobsIn(given),
      signal,
    });
    await writeResult(given.operands[1] ?? "-", content, { signal });
  },
};

/** Chunk input file and print chunk points plus chunk ID. */
export const chunk: DesyncCommand = {
  usage: "<file>",
  about: "Chunk input file and print chunk points plus chunk ID",
  operandCount: [1, 1],
  options: {
    ...desyncSizeOption,
    start: { type: "string", short: "S", about: "the byte to begin at" },
  },
  async run({ given, digest, signal }) {
    const start = numberOf(given, "start") ?? 0;
    const content = skipping(readFileBlocks(given.operands[0]!, { signal }), start);
    const lines = (async function* () {
      let offset = start;
      for await (const { id, bytes } of cutChunks(content, casyncSpec(sizesIn(given)), { digest, signal })) {
        yield `${offset}\t${bytes.length}\t${toHex(id)}`;
        offset += bytes.length;
      }
    })();
    await writeLines(lines, { signal });
  },
};

async function* skipping(blocks: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const block of blocks) {
    const dropped = Math.min(left, block.length);
    left -= dropped;
    if (dropped < block.length) yield block.subarray(dropped);
  }
}

/** Verifies an index matches a file. */
export const verifyIndex: DesyncCommand = {
  usage: "<index> <file>",
  about: "Verifies an index matches a file",
  operandCount: [2, 2],
  options: { ...desyncStoreOptions },
  async run(call) {
    const { given, signal } = call;
    const [place, path] = given.operands as [string, string];
    const isDevice = statsAt(path)?.isBlockDevice() === true;
    const content = readFileBlocks(path, { signal });
    const index = await indexFor(place, call);
    using progress = showProgress("Verifying", blobBytesOf(place));
    await verifyBlob(index, content, { signal, allowsMore: isDevice, onProgress: progress.update });
  },
};

/** List chunk IDs from an index. */
export const listChunks: DesyncCommand = {
  usage: "<index>",
  about: "List chunk IDs from an index",
  operandCount: [1, 1],
  options: { ...desyncStoreOptions },
  async run(call) {
    const index = await indexFor(call.given.operands[0]!, call);
    await writeLines(idLines(index), { signal: call.signal });
  },
};
