import { archiveTree } from "../../casync/archive-tree.node.ts";
import { readCatar } from "../../casync/catar-reader.ts";
import { extractTree } from "../../casync/extract-tree.node.ts";
import { desyncTreeFeatures } from "../../casync/features.ts";
import { withDigest } from "../../casync/index-header.ts";
import { makeIndex } from "../../casync/make-index.ts";
import { readBlob } from "../../casync/read-blob.ts";
import { SyncError } from "../../errors.ts";
import { writeResult } from "../casync/index-file.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { desyncSizeOption, indexFor, sizesIn } from "./blob-commands.ts";
import { isSet, valueOf } from "./desync-arguments.ts";
import type { DesyncCommand } from "./desync-command.ts";
import { desyncCacheOption, desyncStoreOptions, jobsIn, readerFor, writerFor } from "./desync-stores.ts";

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
    "input-format": { type: "string", about: "disk" },
    "no-time": { type: "boolean", about: "set file timestamps to zero in the archive" },
    "one-file-system": { type: "boolean", short: "x", about: "don't cross filesystem boundaries" },
  },
  async run(call) {
    const { given, digest, signal } = call;
    const [place, root] = given.operands as [string, string];
    if ((valueOf(given, "input-format") ?? "disk") !== "disk")
      throw new SyncError("UNSUPPORTED", "only trees on disk can be packed");
    const features = withDigest(desyncTreeFeatures, digest);
    const tree = archiveTree(root, {
      features,
      keepsNodump: true,
      omitsTimes: isSet(given, "no-time"),
      staysOnFileSystem: isSet(given, "one-file-system"),
      onSpecial: (path) => call.tell(`${path}: pipes and sockets are left out`),
      signal,
    });
    if (!isSet(given, "index")) return writeResult(place, tree, { signal });
    await using store = writerFor(call);
    const index = makeIndex(tree, {
      sizes: sizesIn(given),
      digest,
      features,
      ...(store && { store }),
      jobCount: jobsIn(given),
      signal,
    });
    await writeResult(place, index, { signal });
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
    "output-format": { type: "string", about: "disk" },
  },
  async run(call) {
    const { given, signal } = call;
    const [place, root] = given.operands as [string, string];
    if ((valueOf(given, "output-format") ?? "disk") !== "disk")
      throw new SyncError("UNSUPPORTED", "trees are unpacked to disk only");
    const isIndex = isSet(given, "index");
    await using store = isIndex ? readerFor(call) : undefined;
    const content = store
      ? readBlob(await indexFor(place, call), store, { jobCount: jobsIn(given), signal })
      : readFileBlocks(place, { signal });
    await extractTree(await readCatar(content), root, {
      ...(isSet(given, "no-same-owner") && { keepsOwners: false }),
      keepsModes: !isSet(given, "no-same-permissions"),
      makesDevices: true,
      onTrouble: ({ detail, message }) => call.tell(`${detail.path}: ${message}`),
      signal,
    });
  },
};
