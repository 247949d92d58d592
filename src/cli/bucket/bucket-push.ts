import { statsAt } from "../../bytes/stats-at.node.ts";
import { archiveTree } from "../../casync/archive-tree.node.ts";
import { blobFeatures, desyncTreeFeatures } from "../../casync/features.ts";
import { pushVersion } from "../../casync/push-version.ts";
import { nothingAt, toSyncError } from "../../errors.ts";
import { formatBytes } from "../report/formatted-bytes.ts";
import { bytesTo } from "../casync/blob-progress.ts";
import { sizeOptions, sizesOf } from "../casync/size-options.ts";
import { defineCommand } from "../command.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { nameFor, nameOption, openVersions, versionOptions } from "./version-place.ts";

const { "chunk-size": chunkSize } = sizeOptions;

/** `bucket push TREE STORE`: keeps a tree or a file in a bucket as a new version. */
export const bucketPush = defineCommand({
  operands: ["TREE", "STORE"],
  options: { ...nameOption, "chunk-size": chunkSize, ...versionOptions },
  writesOutput: () => false,
  async run({ operands: [path, place], options, report, signal }) {
    const name = nameFor(path, options.name);
    const isTree = isDirectory(path);
    const sizes = sizesOf(options);
    const store = await openVersions(place, options, signal);
    await using chunks = store.chunks;
    const features = isTree ? desyncTreeFeatures : blobFeatures;
    const read = () => (isTree ? archiveTree(path, { features, signal }) : readFileBlocks(path, { signal }));
    const kind = isTree ? "caidx" : "caibx";
    const { version } = await pushVersion(store, { name, kind }, read, {
      features,
      sizes,
      store: chunks,
      signal,
      onProgress: bytesTo(report),
    });
    const { objects, bytes } = store.sent;
    report.notice(
      `pushed ${name} as ${version}: ${objects} new ${objects === 1 ? "chunk" : "chunks"}, ${formatBytes(bytes)}`,
      {
        name,
        version,
        chunks: objects,
        bytes,
      },
    );
  },
});

/** @throws NOT_FOUND, IO */
function isDirectory(path: string): boolean {
  try {
    const stats = statsAt(path);
    if (stats) return stats.isDirectory();
  } catch (thrown) {
    throw toSyncError(thrown, "IO", { path });
  }
  throw nothingAt(path);
}
