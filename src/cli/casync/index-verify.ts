import { verifyBlob } from "../../casync/verify-blob.ts";
import { toSyncError, withPath } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { bytesTo } from "./blob-progress.ts";
import { openIndex } from "./index-file.ts";
import { indexAccess } from "./store-options.ts";

/** `index verify INDEX FILE`: whether a file is what an index says. */
export const indexVerify = defineCommand({
  operands: ["INDEX", "FILE"],
  options: {},
  writesOutput: () => false,
  async run({ operands: [place, path], report, signal }) {
    const index = await openIndex(place, { signal, ...indexAccess(report) });
    try {
      await verifyBlob(index, readFileBlocks(path, { signal }), { signal, onProgress: bytesTo(report) });
    } catch (thrown) {
      throw withPath(toSyncError(thrown), path);
    }
  },
});
