import { checkBuckets } from "../../bucket/check/check-buckets.node.ts";
import { SyncError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import { bucketOptions, openPair } from "./bucket-options.ts";
import { keyFilterOptions, readKeyFilter } from "./key-filter.ts";

const maxSampleCount = 1_000_000;

/** `bucket check SRC DST`: whether objects drawn at random are the same at both sides. */
export const bucketCheck = defineCommand({
  operands: ["SRC", "DST"],
  options: {
    samples: { type: "string", value: "K", about: "objects that are checked; 100 unless given" },
    "by-bytes": { type: "boolean", about: "draw an object the likelier the longer it is" },
    seed: { type: "string", value: "S", about: "draw what this seed drew before of the same listing" },
    "from-state": {
      type: "boolean",
      about: "check what was drawn by the last bucket sync, without a listing",
    },
    ...bucketOptions,
    ...keyFilterOptions,
  },
  writesOutput: () => false,
  async run({ operands, options, report, signal }) {
    await using pair = openPair(operands, options, report);
    const { source, destination, slots, statePath } = pair;
    const isFromState = options["from-state"] === true;
    const isByBytes = options["by-bytes"] === true;
    if (isFromState && isByBytes)
      throw new SyncError("USAGE", "a state has a draw by objects only, not --by-bytes");
    const { isLeftOut } = await readKeyFilter(options);
    const sampleCount = readCount("samples", options.samples, 1, maxSampleCount);
    const found = await checkBuckets(source, destination, {
      signal,
      slots,
      isLeftOut,
      byBytes: isByBytes,
      ...(sampleCount !== undefined && { sampleCount }),
      ...(options.seed !== undefined && { seed: options.seed }),
      ...(isFromState && { statePath }),
      onProgress: ({ listed, checked, readBytes }) =>
        report.progress({ doneBytes: readBytes, newBytes: 0, files: checked, entries: listed }),
      onTrouble: (error) => report.trouble(error),
    });
    const { listed, checked, different, failed, mostDifferent, seed, readBytes } = found;
    const unit = isByBytes ? "bytes" : "objects";
    report.notice(
      `${checked} of ${listed} objects checked, ${different} different: at most ${Number((100 * mostDifferent).toPrecision(2))} % of all ${unit} with 95 % confidence (seed ${seed})`,
      { ...found },
    );
    report.summary({
      action: "checked",
      entries: checked,
      doneBytes: readBytes,
      newBytes: 0,
      failedEntries: failed,
    });
    if (different > 0) throw new SyncError("DIFFERENT", `${different} of ${checked} objects are different`);
    if (failed > 0) throw new SyncError("IO", `${failed} objects could not be checked`);
    if (checked === 0) throw new SyncError("IO", "there was nothing to check");
  },
});
