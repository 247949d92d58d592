import { defineCommand } from "../command.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import { writeIndexOf } from "./made-index.ts";
import { sizeOptions } from "./size-options.ts";
import { storeOptions } from "./store-options.ts";

/** `index make INDEX FILE`: the index of a file, whose chunks go into a store. */
export const indexMake = defineCommand({
  operands: ["INDEX", "FILE"],
  result: "INDEX",
  options: { ...storeOptions, ...sizeOptions },
  writesOutput: () => false,
  async run(call) {
    const [place, path] = call.operands;
    await writeIndexOf(readFileBlocks(path, { signal: call.signal, lends: true }), place, {}, call);
  },
});
