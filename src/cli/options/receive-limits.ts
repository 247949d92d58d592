import type { ReceiveLimits } from "../../session/allowance.ts";
import { readCount, readSize } from "./arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Options of the commands that receive. 0 is no limit. */
export const receiveLimitOptions = {
  "max-bytes": {
    type: "string",
    value: "SIZE",
    about: "refuse a tree of more content, such as 500G; 0: any",
    doc: "refuse a tree of more content, such as `500G`, before any of it is written; 0: any, as unless given",
  },
  "max-entries": {
    type: "string",
    value: "N",
    about: "refuse a tree of more entries; 0: any",
    doc: "refuse a tree of more entries; 0: any; 8388608 unless given",
  },
  "max-expansion": {
    type: "string",
    value: "N",
    about: "refuse to make N times what came; 0: any",
    doc: "refuse to make more than N times what came, beyond 256 MiB; 0: any, as unless given ([limits](limits.md#what-a-receiver-makes))",
  },
} as const satisfies OptionSpecs;

/** @throws USAGE */
export function receiveLimitsOf(options: OptionValues<typeof receiveLimitOptions>): ReceiveLimits {
  const maxTotalBytes = readSize("max-bytes", options["max-bytes"]);
  const maxEntryCount = readCount("max-entries", options["max-entries"], 0, 1e9);
  const maxExpansion = readCount("max-expansion", options["max-expansion"], 0, 1e9);
  return {
    ...(maxTotalBytes !== undefined && { maxTotalBytes: maxTotalBytes || Infinity }),
    ...(maxEntryCount !== undefined && { maxEntryCount: maxEntryCount || Infinity }),
    ...(maxExpansion !== undefined && { maxExpansion: maxExpansion || Infinity }),
  };
}
