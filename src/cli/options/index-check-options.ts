import type { OptionSpecs } from "../command.ts";
import { rateOption } from "./pace-options.ts";

/** Options of a check that are for an index. */
export const indexCheckOptions = {
  index: { type: "string", value: "FILE", about: "compare TREE with an index of it, in place of REFERENCE" },
  sample: {
    type: "string",
    value: "K",
    about: "with --index: read K files drawn at random; all unless given",
  },
  seed: { type: "string", value: "S", about: "with --sample: draw what this seed drew before" },
  since: {
    type: "string",
    value: "TIME",
    about: "with --index: read only files modified since, such as 2026-12-31 or 7d",
  },
  part: { type: "string", value: "I/N", about: "with --index: compare one of N parts of the tree" },
  bwlimit: { ...rateOption.bwlimit, about: "with --index: read no more in a second: KiB, or such as 1.5M" },
  state: { type: "string", value: "FILE", about: "with --index: go on where a run with this file ended" },
} as const satisfies OptionSpecs;
