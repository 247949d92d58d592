import type { OptionSpecs } from "../command.ts";
import { coordinatorOptions } from "./coordinator-options.ts";

/** Options of a push that several hosts share. */
export const partOptions = {
  part: {
    type: "string",
    value: "I/N",
    about: "send one of N parts of SRC, beside other hosts",
    doc: "send, or check by an index, one of N [parts](tree-index.md#parts) of a tree, beside hosts that see to the others; not with `--delete`",
  },
  index: {
    type: "string",
    value: "FILE",
    about: "cut parts by this index of SRC; SRC is listed for that unless given",
    doc: "an [index](tree-index.md): TREE is checked by it; parts of SRC are cut by it, and SRC is listed for that unless given",
  },
  ...coordinatorOptions,
} as const satisfies OptionSpecs;
