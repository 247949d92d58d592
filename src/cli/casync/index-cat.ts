import { digestOfIndex } from "../../casync/index-header.ts";
import { readBlob } from "../../casync/read-blob.ts";
import { readCount } from "../options/arguments.ts";
import { defineCommand } from "../command.ts";
import { writeOutput } from "../report/result-output.ts";
import { openIndex } from "./index-file.ts";
import { cacheOption, indexAccess, jobsOf, readerOf, storeOptions } from "./store-options.ts";

/** `index cat INDEX`: the content that an index is of, or a part of it. */
export const indexCat = defineCommand({
  operands: ["INDEX"],
  options: {
    ...storeOptions,
    ...cacheOption,
    offset: { type: "string", value: "N", about: "the byte to begin at" },
    length: { type: "string", value: "N", about: "bytes, at most" },
  },
  writesOutput: () => true,
  async run({ operands: [place], options, report, signal }) {
    const offset = readCount("offset", options.offset, 0, Number.MAX_SAFE_INTEGER);
    const length = readCount("length", options.length, 0, Number.MAX_SAFE_INTEGER);
    const index = await openIndex(place, { signal, ...indexAccess(report, options) });
    await using store = readerOf(options, report, digestOfIndex(index));
    const content = readBlob(index, store, {
      ...jobsOf(options),
      ...(offset !== undefined && { offset }),
      ...(length !== undefined && { length }),
      signal,
    });
    await writeOutput(content, { signal });
  },
});
