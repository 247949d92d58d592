import { defineCommand } from "../command.ts";
import { ownSourceTokenOption, runTransfer, transferOptions } from "./transfer-run.ts";

/**
 * `sync SRC DST`: brings a place up to date with a tree, wherever the two are; without DST lists
 * that.
 */
export const sync = defineCommand({
  operands: ["SRC", "[DST]"],
  options: { ...transferOptions, ...ownSourceTokenOption },
  knowsRsync: true,
  writesOutput: () => false,
  run: runTransfer,
});
