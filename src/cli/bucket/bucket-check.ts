import { checkBuckets, type Share } from "../../bucket/check/check-buckets.node.ts";
import { SyncError } from "../../errors.ts";
import { defineCommand, type OptionSpecs, type OptionValues } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import { bucketOptions, demandThere, openPair } from "./bucket-options.ts";
import { keyFilterOptions, readKeyFilter } from "./key-filter.ts";
import { countOf } from "../report/count-of.ts";

const maxSampleCount = 1_000_000;

const maxDays = 100_000;
const msPerDay = 86_400_000;

const checkOptions = {
  samples: { type: "string", value: "K", about: "objects that are checked; 100 unless given" },
  "by-bytes": { type: "boolean", about: "draw an object the likelier the longer it is" },
  seed: { type: "string", value: "S", about: "draw what this seed drew before of the same listing" },
  "from-state": {
    type: "boolean",
    about: "check what was drawn by the last bucket sync, without a listing",
  },
  rotate: {
    type: "string",
    value: "DAYS",
    about: "check each day another share of all objects, so that all have their turn in DAYS days",
  },
  ...bucketOptions,
  ...keyFilterOptions,
} as const satisfies OptionSpecs;

/** `bucket check SRC DST`: whether objects drawn at random are the same at both sides. */
export const bucketCheck = defineCommand({
  operands: ["SRC", "DST"],
  options: checkOptions,
  writesOutput: () => false,
  async run({ operands, options, report, signal }) {
    await using pair = openPair(operands, options, report);
    const { source, destination, slots, statePath } = pair;
    const isFromState = options["from-state"] === true;
    const isByBytes = options["by-bytes"] === true;
    if (isFromState && isByBytes)
      throw new SyncError("USAGE", "a state has a draw by objects only, not --by-bytes");
    const share = readShare(options);
    const { isLeftOut } = await readKeyFilter(options);
    const sampleCount = readCount("samples", options.samples, 1, maxSampleCount);
    for (const side of [source, destination]) await demandThere(side, { signal });
    const found = await checkBuckets(source, destination, {
      signal,
      slots,
      isLeftOut,
      byBytes: isByBytes,
      ...(sampleCount !== undefined && { sampleCount }),
      ...(options.seed !== undefined && { seed: options.seed }),
      ...(isFromState && { statePath }),
      ...(share && { share }),
      onProgress: ({ listed, checked, readBytes }) =>
        report.progress({ doneBytes: readBytes, newBytes: 0, files: checked, entries: listed }),
      onTrouble: (error) => report.trouble(error),
    });
    const { listed, checked, different, failed, mostDifferent, seed, readBytes } = found;
    const unit = isByBytes ? "bytes" : "objects";
    report.notice(
      `${checked} of ${countOf(listed, "object")} checked, ${different} different: at most ${Number((100 * mostDifferent).toPrecision(2))} % of all ${unit} with 95 % confidence (seed ${seed})`,
      { ...found },
    );
    report.summary({
      action: "checked",
      entries: checked,
      doneBytes: readBytes,
      newBytes: 0,
      failedEntries: failed,
    });
    if (different > 0)
      throw new SyncError(
        "DIFFERENT",
        `${different} of ${countOf(checked, "object")} ${different === 1 ? "is" : "are"} different`,
      );
    if (failed > 0) throw new SyncError("IO", `${countOf(failed, "object")} could not be checked`);
    // Few objects may all have their turn on other days.
    if (checked === 0 && (share === undefined || listed === 0))
      throw new SyncError("IO", "there was nothing to check");
  },
});

/** The share of all objects whose turn it is today, by UTC. @throws USAGE */
function readShare(options: OptionValues<typeof checkOptions>): Share | undefined {
  const count = readCount("rotate", options.rotate, 1, maxDays);
  if (count === undefined) return undefined;
  for (const name of ["samples", "by-bytes", "seed", "from-state"] as const)
    if (options[name] !== undefined) throw new SyncError("USAGE", `--rotate goes without --${name}`);
  return { count, turn: Math.floor(Date.now() / msPerDay) % count };
}
