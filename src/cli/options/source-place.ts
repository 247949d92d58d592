import { SyncError } from "../../errors.ts";
import { type Endpoint, parseEndpoint } from "../../transfer/endpoint.node.ts";
import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { OptionValues } from "../command.ts";
import type { explainOption } from "./filter-explanation.ts";
import type { choiceOptions } from "./source-options.ts";

type Choices = OptionValues<typeof choiceOptions & typeof explainOption>;

/** True for what names a bucket, or a prefix in one. */
export function isBucket(place: string): boolean {
  return /^(?:s3|gs|s3\+https?):\/\//i.test(place);
}

/** Where a source is: a bucket is read here, as what lies here is. @throws USAGE */
export function parseSource(text: string): Endpoint {
  return isBucket(text) ? { kind: "local", path: text } : parseEndpoint(text);
}

/** A source as `transfer` takes it. @throws USAGE */
export async function sourceOf(text: string): Promise<string | SourcePlace> {
  return isBucket(text) ? (await import("../bucket/bucket-source.ts")).bucketSourceAt(text) : text;
}

/** Options that choose from a tree as a bucket cannot. */
const unknownToBuckets = [
  "files-from",
  "relative",
  "dirs",
  "prune-empty-dirs",
  "remove-source-files",
  "filter-explain",
] as const satisfies readonly (keyof Choices)[];

/** @throws USAGE for options that a source in a bucket cannot carry out */
export function checkChoices(place: string, options: Choices): void {
  const name = isBucket(place) ? unknownToBuckets.find((one) => options[one] !== undefined) : undefined;
  if (name !== undefined) throw new SyncError("USAGE", `--${name} is not for a source in a bucket`);
}
