import type { SyncError } from "../../errors.ts";
import { describeError } from "../report/text-report.ts";
import { mountIndex } from "../casync/mounted-index.ts";
import { numberOf, valueOf } from "./desync-arguments.ts";
import type { DesyncCommand } from "./desync-command.ts";
import { desyncCacheOption, desyncStoreOptions, jobsIn, otherDigest } from "./desync-stores.ts";
import { onHangup, reloadedReader, storeFileOption } from "./store-file.ts";

/** FUSE mount an index file. */
export const mountIndexCommand: DesyncCommand = {
  usage: "<index> <mountpoint>",
  about: "FUSE mount an index file",
  operandCount: [2, 2],
  options: {
    ...desyncStoreOptions,
    ...desyncCacheOption,
    ...storeFileOption,
    "cor-file": { type: "string", about: "keep all chunks that are read in this file" },
    "cor-state-save": { type: "string", about: "remember here which those are, at the end and on SIGHUP" },
    "cor-state-init": { type: "string", about: "fetch what is remembered here" },
    "cor-init-n": { type: "string", about: "so many at a time; 10 unless given" },
  },
  takesHangup: ({ values }) => values["store-file"] !== undefined || values["cor-file"] !== undefined,
  async run(call) {
    const { digest, given, signal } = call;
    const [place, dir] = given.operands as [string, string];
    const path = valueOf(given, "cor-file");
    const [state, initialState] = ["cor-state-save", "cor-state-init"].map((name) => valueOf(given, name));
    const jobCount = numberOf(given, "cor-init-n", 1);
    const onTrouble = (error: SyncError): void => call.tell(describeError(error));
    const name = (given.values["store"] ?? []).join(", ") || (valueOf(given, "store-file") ?? "");
    const open = ({ name: named }: typeof digest) => {
      if (named === digest.name) return reloadedReader(call);
      throw otherDigest(place);
    };
    await mountIndex(
      place,
      dir,
      { name, open },
      {
        ...jobsIn(given),
        ...(path !== undefined && {
          copy: {
            path,
            ...(state !== undefined && { state }),
            ...(initialState !== undefined && { initialState }),
            ...(jobCount !== undefined && { jobCount }),
            onTrouble,
          },
        }),
        onCopy: (copy) => onHangup(call, copy.saveState),
        onTrouble,
        signal,
      },
    );
  },
};
