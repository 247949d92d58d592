import { makeIndex } from "../../casync/make-index.ts";
import { defineCommand } from "../command.ts";
import { readFileBlocks } from "../file-blocks.ts";
import { bytesTo } from "./blob-progress.ts";
import { writeResult } from "./index-file.ts";
import { digestNamed, sizeOptions, sizesOf } from "./size-options.ts";
import { jobsOf, storeOptions, writerOf } from "./store-options.ts";

/** `index make INDEX FILE`: the index of a file, whose chunks go into a store. */
export const indexMake = defineCommand({
  operands: ["INDEX", "FILE"],
  result: "INDEX",
  options: { ...storeOptions, ...sizeOptions },
  writesOutput: () => false,
  async run({ operands: [place, path], options, report, signal }) {
    const digest = digestNamed(options.digest);
    const sizes = sizesOf(options);
    const store = writerOf(options, digest);
    const index = makeIndex(readFileBlocks(path, { signal }), {
      sizes,
      digest,
      ...jobsOf(options),
      ...(store && { store }),
      signal,
      onProgress: bytesTo(report),
    });
    await writeResult(place, index, { signal });
    await store?.close();
  },
});
