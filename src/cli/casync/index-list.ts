import { toHex } from "../../bytes/hex.ts";
import { eachChunk } from "../../casync/extract-blob.node.ts";
import { defineCommand } from "../command.ts";
import { writeLines } from "../result-output.ts";
import { openIndex } from "./index-file.ts";

/** `index list INDEX`: the chunks of an index. */
export const indexList = defineCommand({
  operands: ["INDEX"],
  options: {
    long: { type: "boolean", short: "l", about: "show where each chunk is and how long, too" },
  },
  writesOutput: () => true,
  async run({ operands: [place], options, signal }) {
    await writeLines(listChunks(place, options.long === true, signal), { signal });
  },
});

async function* listChunks(place: string, isLong: boolean, signal: AbortSignal): AsyncGenerator<string> {
  const index = await openIndex(place, { signal });
  for await (const { id, offset, size } of eachChunk(index))
    yield isLong ? `${offset} ${size} ${toHex(id)}` : toHex(id);
}
