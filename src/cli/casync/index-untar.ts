import { extractTree } from "../../casync/extract-tree.node.ts";
import { readCatar } from "../../casync/catar-reader.ts";
import { digestOfIndex } from "../../casync/index-header.ts";
import { readBlob } from "../../casync/read-blob.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { bytesTo } from "./blob-progress.ts";
import { openIndex } from "./index-file.ts";
import { seededStore } from "./seeded-store.ts";
import { cacheOption, indexAccess, jobsOf, readerOf, storeOptions } from "./store-options.ts";
import { totalLimitOf, totalLimitOption } from "./total-limit.ts";

/** `index untar ARCHIVE DIR`: the tree of an archive, or of the index of one. */
export const indexUntar = defineCommand({
  operands: ["ARCHIVE", "DIR"],
  options: {
    ...storeOptions,
    ...cacheOption,
    ...totalLimitOption,
    "no-same-owner": { type: "boolean", about: "leave owners and groups as they come, as root too" },
    "no-same-permissions": { type: "boolean", about: "give the modes that the umask leaves" },
    devices: { type: "boolean", about: "make devices, which are left out unless this is given" },
  },
  writesOutput: () => false,
  async run({ operands: [place, root], options, report, signal }) {
    const isIndex = place.endsWith(".caidx");
    const limit = totalLimitOf(options);
    if (!isIndex && limit.maxTotalBytes !== undefined)
      throw new SyncError("USAGE", `--max-bytes is for a .caidx, and ${place} is an archive itself`);
    const index = isIndex
      ? await openIndex(place, { signal, ...indexAccess(report, options), ...limit })
      : undefined;
    const { store: places = [] } = options;
    await using store =
      index && seededStore(readerOf(options, report, digestOfIndex(index)), places, root, index, { signal });
    const content =
      index && store
        ? readBlob(index, store, { ...jobsOf(options), signal })
        : readFileBlocks(place, { signal });
    let troubleCount = 0;
    try {
      await extractTree(await readCatar(content), root, {
        ...(options["no-same-owner"] === true && { keepsOwners: false }),
        keepsModes: options["no-same-permissions"] !== true,
        makesDevices: options.devices === true,
        signal,
        onProgress: bytesTo(report),
        onTrouble(error) {
          troubleCount++;
          report.trouble(error);
        },
      });
    } catch (thrown) {
      throw withPath(toSyncError(thrown), place);
    }
    if (troubleCount > 0)
      throw new SyncError(
        "PARTIAL",
        `${troubleCount === 1 ? "one entry" : `${troubleCount} entries`} could not be made`,
      );
  },
});
