import { toHex } from "../../bytes/hex.ts";
import { eachChunk, type IndexReading } from "../../casync/index-reader.ts";
import { defineCommand } from "../command.ts";
import { writeLines } from "../report/result-output.ts";
import { idLines, openIndex } from "./index-file.ts";
import { indexAccess } from "./store-options.ts";

/** `index list INDEX`: the chunks of an index. */
export const indexList = defineCommand({
  operands: ["INDEX"],
  options: {
    long: { type: "boolean", short: "l", about: "show where each chunk is and how long, too" },
  },
  writesOutput: () => true,
  async run({ operands: [place], options, report, signal }) {
    const index = await openIndex(place, { signal, ...indexAccess(report) });
    await writeLines(options.long === true ? describeChunks(index) : idLines(index), { signal });
  },
});

async function* describeChunks(index: IndexReading): AsyncGenerator<string> {
  for await (const { id, offset, size } of eachChunk(index)) yield `${offset} ${size} ${toHex(id)}`;
}
