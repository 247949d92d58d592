import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { bucketSourceAt } from "../bucket/bucket-source.ts";
import { indexSourceAt } from "../casync/index-source.ts";

/**
 * A source that is no directory: what an index is of, or what lies in a bucket.
 *
 * @throws USAGE, also for options that it cannot carry out
 */
export async function otherSource(
  text: string,
  options: OptionValues<OptionSpecs>,
  comparesContent = options["checksum"] === true,
): Promise<SourcePlace> {
  return options["source-store"] === undefined
    ? bucketSourceAt(text, options, comparesContent)
    : indexSourceAt(text, options);
}
