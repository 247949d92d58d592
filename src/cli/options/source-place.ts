import { type Endpoint, isBucket, parseEndpoint } from "../../transfer/endpoint.node.ts";
import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import type { SourceReading } from "./source-options.ts";

/** Where a source is: a bucket is read here, as what lies here is. @throws USAGE */
export function parseSource(text: string): Endpoint {
  return isBucket(text) ? { kind: "local", path: text } : parseEndpoint(text);
}

/**
 * A source as `transfer` takes it.
 *
 * @throws USAGE, also for options that it cannot carry out
 */
export async function sourceOf(
  text: string,
  options: OptionValues<OptionSpecs>,
  reading: SourceReading,
): Promise<string | SourcePlace> {
  if (!isBucket(text) && !options["source-store"]) return text;
  return (await import("./other-sources.ts")).otherSource(text, options, reading);
}
