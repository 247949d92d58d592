import type { OptionSpecs, OptionValues } from "../command.ts";
import { readSize } from "../options/arguments.ts";
import type { IndexFileOptions } from "./index-file.ts";

/** The option of commands that write what an index of somebody else is of. */
export const totalLimitOption = {
  "max-bytes": {
    type: "string",
    value: "SIZE",
    about: "refuse an index of more content, such as 500G; 0: any",
    doc: "refuse an index of more content, such as `500G`, before any of it is written if the index is a file; 0: any, as unless given",
  },
} as const satisfies OptionSpecs;

/** @throws USAGE */
export function totalLimitOf(
  options: OptionValues<typeof totalLimitOption>,
): Pick<IndexFileOptions, "maxTotalBytes"> {
  const maxTotalBytes = readSize("max-bytes", options["max-bytes"]);
  return maxTotalBytes ? { maxTotalBytes } : {};
}
