import { openChunkReader } from "../../casync/open-store.node.ts";
import { SyncError } from "../../errors.ts";
import { isBucket, parseEndpoint } from "../../transfer/endpoint.node.ts";
import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { refuseChoice } from "../options/refused-choice.ts";
import type { sourceStoreOption } from "../options/source-options.ts";
import { s3Settings } from "./s3-settings.ts";

/**
 * What an index is of as what is sent.
 *
 * @throws USAGE, also for options that it cannot carry out
 */
export async function indexSourceAt(place: string, options: OptionValues<OptionSpecs>): Promise<SourcePlace> {
  const { "source-store": stores = [] } = options as unknown as OptionValues<typeof sourceStoreOption>;
  if (isBucket(place) || parseEndpoint(place).kind !== "local")
    throw new SyncError("USAGE", "--source-store is for an index that is here");
  refuseChoice(options, "what an index is of");
  const { openIndexSource } = await import("../../archive/stored-tree/index-source.node.ts");
  return {
    openSource: async ({ filter }) =>
      openIndexSource(place, (digest) => openChunkReader(stores, { digest, s3: s3Settings() }), { filter }),
  };
}
