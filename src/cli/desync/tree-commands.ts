import { statsAt } from "../../bytes/stats-at.node.ts";
import { archiveTree } from "../../casync/archive-tree.node.ts";
import { type CatarReading, readCatar } from "../../casync/catar-reader.ts";
import { tarOfCatar } from "../../casync/catar-to-tar.ts";
import { extractTree } from "../../casync/extract-tree.node.ts";
import { desyncTreeFeatures } from "../../casync/features.ts";
import { type IndexHeader, withDigest } from "../../casync/index-header.ts";
import { DigestThread } from "../../casync/digest-thread.node.ts";
import { makeIndex } from "../../casync/make-index.ts";
import { mtreeLines } from "../../casync/mtree.ts";
import { readBlob } from "../../casync/read-blob.ts";
import { catarOfTar } from "../../casync/tar-to-catar.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import type { ChunkReader } from "../../store/store.ts";
import { writeResult } from "../casync/index-file.ts";
import { seededStore } from "../casync/seeded-store.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { writeLines } from "../report/result-output.ts";
import { desyncSizeOption, indexFor, sizesIn } from "./blob-commands.ts";
import { type DesyncArguments, isSet, valueOf } from "./desync-arguments.ts";
import { blobBytesOf, fileBytesOf } from "./blob-bytes.ts";
import { type DesyncProgress, showProgress } from "./desync-progress.ts";
import type { DesyncCall, DesyncCommand } from "./desync-command.ts";
import {
  desyncCacheOption,
  desyncStoreOptions,
  indexOpening,
  jobsIn,
  readerFor,
  writerFor,
} from "./desync-stores.ts";

const { insecure: _, ...storeOptions } = desyncStoreOptions;
const indexOption = { index: { type: "boolean", short: "i", about: "an index, not an archive" } } as const;

/** Store a directory tree in a catar archive or index. */
export const tar: DesyncCommand = {
  usage: "<catar|index> <dir>",
  about: "Store a directory tree in a catar archive or index",
  operandCount: [2, 2],
  options: {
    ...storeOptions,
    ...desyncSizeOption,
    ...indexOption,
    "input-format": { type: "string", about: "disk (default), or tar for a tar archive" },
    "tar-add-root": { type: "boolean", about: "put a directory around the entries of the tar archive" },
    "no-time": { type: "boolean", about: "set file timestamps to zero in the archive" },
    "one-file-system": { type: "boolean", short: "x", about: "don't cross filesystem boundaries" },
  },
  async run(call) {
    const { given, digest, signal } = call;
    const [place, root] = given.operands as [string, string];
    const features = withDigest(desyncTreeFeatures, digest);
    const omitsTimes = isSet(given, "no-time");
    const tree =
      formatIn(given, "input-format", "tar") === "tar"
        ? catarOfTar(readFileBlocks(root, { signal }), features, {
            addsRoot: isSet(given, "tar-add-root"),
            omitsTimes,
          })
        : archiveTree(root, {
            features,
            keepsNodump: true,
            omitsTimes,
            staysOnFileSystem: isSet(given, "one-file-system"),
            onSpecial: (path) => call.tell(`${path}: pipes and sockets are left out`),
            signal,
          });
    if (!isSet(given, "index")) return writeResult(place, tree, { signal });
    await using store = writerFor(call);
    await using namer = new DigestThread(digest);
    const index = makeIndex(tree, {
      sizes: sizesIn(given),
      digest,
      namer,
      features,
      ...(store && { store }),
      ...jobsIn(given),
      signal,
    });
    await writeResult(place, index, { signal, opening: indexOpening(call) });
  },
};

/** Extract directory tree from a catar archive or index. */
export const untar: DesyncCommand = {
  usage: "<catar|index> <dir>",
  about: "Extract directory tree from a catar archive or index",
  operandCount: [2, 2],
  options: {
    ...storeOptions,
    ...desyncCacheOption,
    ...indexOption,
    "no-same-owner": { type: "boolean", about: "extract files as current user" },
    "no-same-permissions": { type: "boolean", about: "use the umask instead of what is in the archive" },
    "output-format": { type: "string", about: "disk (default), or gnu-tar for a tar archive" },
  },
  async run(call) {
    const { given, signal } = call;
    const [place, root] = given.operands as [string, string];
    const format = formatIn(given, "output-format", "gnu-tar");
    const totalBytes = isSet(given, "index") ? blobBytesOf(place) : fileBytesOf(place);
    using progress = showProgress("Unpacking", totalBytes);
    await using archive = await openArchive(place, call, progress, format === "disk" ? root : undefined);
    if (format === "gnu-tar") {
      const onLeftOut = (path: string): void => call.tell(`${path}: a socket is left out`);
      return await writeResult(root, tarOfCatar(archive.reading, { onLeftOut }), { signal });
    }
    await extractTree(archive.reading, root, {
      ...(isSet(given, "no-same-owner") && { keepsOwners: false }),
      keepsModes: !isSet(given, "no-same-permissions"),
      makesDevices: true,
      onTrouble: ({ detail, message }) => call.tell(`${detail.path}: ${message}`),
      signal,
    });
  },
};

/** Print the content of an archive or a tree in mtree format. */
export const mtree: DesyncCommand = {
  usage: "<catar|index|dir>",
  about: "Print the content of a catar, index or directory in mtree format",
  operandCount: [1, 1],
  options: { ...storeOptions, ...desyncCacheOption, ...indexOption },
  async run(call) {
    const { digest, given, signal } = call;
    const place = given.operands[0]!;
    if (statsAt(place)?.isDirectory() === true) {
      const features = withDigest(desyncTreeFeatures, digest);
      const tree = archiveTree(place, { features, keepsNodump: true, signal });
      return await writeLines(mtreeLines(await readCatar(tree)), { signal });
    }
    await using archive = await openArchive(place, call);
    await writeLines(mtreeLines(archive.reading), { signal });
  },
};

/** An archive that is being read, and what it comes from. */
interface OpenArchive extends AsyncDisposable {
  readonly reading: CatarReading;
}

/**
 * Opens an archive, or with -i that of an index.
 *
 * @param old a tree that may hold chunks of it
 * @throws USAGE, NOT_FOUND, BAD_MESSAGE
 */
async function openArchive(
  place: string,
  call: DesyncCall,
  progress?: DesyncProgress,
  old?: string,
): Promise<OpenArchive> {
  const { given, signal } = call;
  const index = isSet(given, "index") ? await indexFor(place, call) : undefined;
  const store = index && readerOver(index, call, old);
  const content =
    index && store ? readBlob(index, store, { ...jobsIn(given), signal }) : readFileBlocks(place, { signal });
  const reading = await readCatar(progress ? counting(content, progress) : content);
  return {
    reading,
    async [Symbol.asyncDispose]() {
      await reading.close();
      await store?.close();
    },
  };
}

function readerOver(header: IndexHeader, call: DesyncCall, old: string | undefined): ChunkReader {
  const { given, signal } = call;
  const store = readerFor(call);
  const places = given.values["store"]!.flatMap((some) => some.split(","));
  return old === undefined ? store : seededStore(store, places, old, header, { signal });
}

async function* counting(blocks: AsyncIterable<Bytes>, progress: DesyncProgress): AsyncGenerator<Bytes> {
  let doneBytes = 0;
  for await (const block of blocks) {
    progress.update((doneBytes += block.length));
    yield block;
  }
}

/** The format that an option names beside `disk`. @throws USAGE for another one */
function formatIn(given: DesyncArguments, name: string, other: string): string {
  const format = valueOf(given, name) ?? "disk";
  if (format === "disk" || format === other) return format;
  throw new SyncError("USAGE", `--${name} takes disk or ${other}, not "${format}"`);
}
