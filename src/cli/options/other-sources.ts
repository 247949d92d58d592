import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { Keep } from "../../tree/plan/keep.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { bucketSourceAt } from "../bucket/bucket-source.ts";
import { indexSourceAt } from "../casync/index-source.ts";
import { keepOf } from "./keep-options.ts";
import type { SourceReading } from "./source-options.ts";

/** What is asked for by options and does not travel from such a source. */
const lackingFacts = [
  ["owner", "owners"],
  ["group", "groups"],
  ["hardLinks", "hard links"],
  ["acls", "access control lists"],
  ["xattrs", "extended attributes"],
  ["atimes", "times of access"],
] as const satisfies readonly (readonly [keyof Keep, string])[];

/**
 * A source that is no directory: what an index is of, or what lies in a bucket. Says once what of
 * the options does not travel from there.
 *
 * @throws USAGE, also for options that it cannot carry out
 */
export async function otherSource(
  text: string,
  options: OptionValues<OptionSpecs>,
  { comparesContent = options["checksum"] === true, report, showsToken }: SourceReading,
): Promise<SourcePlace> {
  const isIndex = options["source-store"] !== undefined;
  const source = isIndex
    ? await indexSourceAt(text, options, showsToken === true, report)
    : await bucketSourceAt(text, options, comparesContent);
  const keep = keepOf(options, "sender");
  const lacking = lackingFacts.filter(([name]) => keep[name] === true).map(([, words]) => words);
  const what = isIndex ? "an index is of" : "is in a bucket";
  if (lacking.length > 0)
    report.notice(`what ${what} travels with modes and times, and without ${lacking.join(", ")}`);
  return source;
}
