import { SyncError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { serverGraceMs } from "../serving/listen.ts";
import { mountIndex } from "./mounted-index.ts";
import { cacheOption, indexAccess, jobsOf, readerOf, storeOptions } from "./store-options.ts";

/** `index mount INDEX DIR`: what an index or archive is of, as files to read. */
export const indexMount = defineCommand({
  operands: ["INDEX", "DIR"],
  options: {
    ...storeOptions,
    ...cacheOption,
    option: {
      type: "string",
      short: "o",
      value: "OPTIONS",
      multiple: true,
      about: "options of mount(8), such as allow_other, with commas between them",
    },
    "cor-file": { type: "string", value: "FILE", about: "keep all chunks that are read in this file" },
    "cor-state-save": {
      type: "string",
      value: "FILE",
      about: "remember here which those are, for the next time",
    },
    "cor-state-init": {
      type: "string",
      value: "FILE",
      about: "fetch what is remembered here, unless the file has it",
    },
  },
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands: [place, dir], options, report, signal }) {
    const { store = [], "cor-file": copyPath } = options;
    const [state, initialState] = [options["cor-state-save"], options["cor-state-init"]];
    if (copyPath === undefined && (state !== undefined || initialState !== undefined))
      throw new SyncError("USAGE", "--cor-state-save and --cor-state-init need --cor-file");
    const named = { name: store.join(", "), open: readerOf.bind(undefined, options, report) };
    await mountIndex(place, dir, named, {
      ...jobsOf(options),
      ...indexAccess(report, options),
      options: (options.option ?? []).flatMap((text) => text.split(",")),
      ...(copyPath !== undefined && {
        copy: {
          path: copyPath,
          ...(state !== undefined && { state }),
          ...(initialState !== undefined && { initialState }),
          ...jobsOf(options),
          onTrouble: report.trouble.bind(report),
        },
      }),
      onMounted: () => report.notice(`mounted on ${dir}`, { path: dir }),
      onTrouble: report.trouble.bind(report),
      signal,
    });
  },
});
