import { closingInTheEnd } from "../../bytes/closing.ts";
import type { BlobSeed } from "../../casync/blob-seed.node.ts";
import { extractBlob, type ExtractTotals } from "../../casync/extract-blob.node.ts";
import { digestOfIndex } from "../../casync/index-header.ts";
import { defineCommand } from "../command.ts";
import { type Fill, fillInPlace, fillReplacement } from "./blob-output.ts";
import { bytesTo } from "./blob-progress.ts";
import { openIndex } from "./index-file.ts";
import { checkRoomFor } from "./index-room.ts";
import { closeSeeds, openSeedAt } from "./seeds.ts";
import { cacheOption, indexAccess, jobsOf, readerOf, storeOptions } from "./store-options.ts";
import { totalLimitOf, totalLimitOption } from "./total-limit.ts";
import { countOf } from "../report/count-of.ts";

/** `index extract INDEX FILE`: the file that an index is of. */
export const indexExtract = defineCommand({
  operands: ["INDEX", "FILE"],
  options: {
    ...storeOptions,
    ...cacheOption,
    ...totalLimitOption,
    seed: {
      type: "string",
      value: "SEED",
      multiple: true,
      about: "a file that may hold chunks, INDEX of one beside it, or INDEX:FILE",
    },
    "in-place": {
      type: "boolean",
      short: "k",
      about: "write into FILE itself, and go on where a run before ended; needed for devices",
    },
  },
  writesOutput: () => false,
  async run({ operands: [place, path], options, report, signal }) {
    const access = { signal, ...indexAccess(report, options) };
    const index = await openIndex(place, { ...access, ...totalLimitOf(options) });
    await using store = readerOf(options, report, digestOfIndex(index));
    const seeds: BlobSeed[] = [];
    const progress = bytesTo(report);
    let totals: ExtractTotals | undefined;
    const fill: Fill = async (fd, old) => {
      await checkRoomFor(place, fd, path, access);
      totals = await extractBlob(index, store, fd, path, {
        ...jobsOf(options),
        seeds,
        ...(old !== undefined && { old }),
        signal,
        onProgress: ({ totalBytes }) => progress(totalBytes),
      });
    };
    const extract = async (): Promise<void> => {
      for (const seed of options.seed ?? []) seeds.push(await openSeedAt(seed, index, { signal }));
      await (options["in-place"] === true ? fillInPlace : fillReplacement)(path, fill);
    };
    await closingInTheEnd(extract, async () => closeSeeds(seeds));
    report.notice(describe(totals!), { ...totals! });
  },
});

function describe({ chunkCount, inPlaceCount, seedCount, storeCount }: ExtractTotals): string {
  return `${countOf(chunkCount, "chunk")}: ${inPlaceCount} in place, ${seedCount} copied, ${storeCount} from the store`;
}
