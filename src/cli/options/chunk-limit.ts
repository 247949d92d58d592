import { type SyncInfoLimits, syncInfoLimits } from "../../remotesync/sync-info.ts";
import { readCount } from "./arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** The text of a longer list would be longer than the engine allows. */
const maxChunkLimit = 2 ** 22;

/** The option of all commands that make or take a SyncInfo. */
export const chunkLimitOption = {
  "max-chunks": {
    type: "string",
    value: "N",
    about: `of how many chunks a file may be, at most; ${syncInfoLimits.maxChunkCount} unless given`,
  },
} as const satisfies OptionSpecs;

/** @throws USAGE */
export function chunkLimitOf(
  options: OptionValues<typeof chunkLimitOption>,
): Pick<SyncInfoLimits, "maxChunkCount"> {
  const maxChunkCount = readCount("max-chunks", options["max-chunks"], 1, maxChunkLimit);
  return maxChunkCount === undefined ? {} : { maxChunkCount };
}
