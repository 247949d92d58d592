import { SyncError } from "../../errors.ts";
import { maxWindowSec } from "../../tree/order/order-fields.ts";
import type { PlanRule } from "../../tree/plan/plan-rule.ts";
import { readCount, readSize } from "./arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Options about what is brought about, and when files are equal, with rsync's meaning. */
export const planOptions = {
  quick: {
    type: "boolean",
    about: "compare files by size and time, as is done anyway",
  },
  checksum: {
    type: "boolean",
    short: "c",
    about: "compare the content of files, whatever their size and time",
    unlike: "both ends compute a keyed MAC",
  },
  "ignore-times": {
    type: "boolean",
    short: "I",
    about: "compare the content of files, whatever their size and time",
    unlike: "as --checksum: what is the same is not written anew",
  },
  "size-only": { type: "boolean", about: "take files for equal that have the same size" },
  "modify-window": {
    type: "string",
    short: "@",
    value: "SECONDS",
    about: "take times for equal that are so near",
    unlike: "nanoseconds count unless it is 1 or more",
  },
  update: { type: "boolean", short: "u", about: "leave files alone that are newer in DST" },
  existing: { type: "boolean", about: "make nothing that is not in DST" },
  "ignore-existing": {
    type: "boolean",
    about: "leave alone what is in DST",
    unlike: "nothing is written through a link that stays",
  },
  "safe-links": {
    type: "boolean",
    about: "leave out links that lead out of the tree",
  },
  append: {
    type: "boolean",
    about: "leave files alone that are as long in DST, or longer",
    unlike: "as --append-verify: the whole content is verified",
  },
  "append-verify": {
    type: "boolean",
    about: "the same: what is there is verified",
  },
  "max-size": { type: "string", value: "SIZE", about: "leave larger files as they are in DST" },
  "min-size": { type: "string", value: "SIZE", about: "leave smaller files as they are in DST" },
} as const satisfies OptionSpecs;

/** What is brought about, as the options say. @throws USAGE */
export function planRuleOf(options: OptionValues<typeof planOptions>): PlanRule {
  const { append = false, existing = false, update = false } = options;
  const checksum = options.checksum === true || options["ignore-times"] === true;
  const content = options.checksum === true ? "checksum" : "ignore-times";
  const isAppending = append || options["append-verify"] === true;
  if (checksum && isAppending)
    throw new SyncError("USAGE", `--append leaves files alone by their length, --${content} none`);
  const sizeOnly = options["size-only"] === true;
  const ways = { quick: options.quick, [content]: checksum, "size-only": sizeOnly };
  const given = Object.entries(ways).flatMap(([name, isGiven]) => (isGiven === true ? `--${name}` : []));
  if (given.length > 1) throw new SyncError("USAGE", `${given.join(" and ")} say two things`);
  const window = readCount("modify-window", options["modify-window"], -1, maxWindowSec);
  const minBytes = readSize("min-size", options["min-size"]);
  const maxBytes = readSize("max-size", options["max-size"]);
  return {
    ...(checksum && { equality: "content" }),
    ...(sizeOnly && { equality: "size" }),
    // With rsync, -1 has nanoseconds count, as they do here anyway.
    ...(window !== undefined && { windowSec: Math.max(0, window) }),
    ...(update && { keepsNewer: true }),
    ...(existing && { onlyExisting: true }),
    ...(isAppending && { onlyLonger: true }),
    ...(options["ignore-existing"] === true && { onlyNew: true }),
    ...(options["safe-links"] === true && { onlySafeLinks: true }),
    ...(minBytes !== undefined && { minBytes }),
    ...(maxBytes !== undefined && { maxBytes }),
  };
}
