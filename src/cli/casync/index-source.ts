import { openChunkReader } from "../../casync/open-store.node.ts";
import { SyncError } from "../../errors.ts";
import { isBucket, parseEndpoint } from "../../transfer/endpoint.node.ts";
import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { refuseChoice } from "../options/refused-choice.ts";
import type { sourceStoreOption, sourceTokenOption } from "../options/source-options.ts";
import { readToken } from "../options/remote-options.ts";
import type { Report } from "../report/report.ts";
import { storeAccess } from "./store-access.ts";

type Given = OptionValues<typeof sourceStoreOption & typeof sourceTokenOption> & {
  readonly "source-token-file"?: string;
};

/**
 * What an index is of as what is sent.
 *
 * @param showsToken true where the token of the options may be shown to the server of the store
 * @throws USAGE, also for options that it cannot carry out
 */
export async function indexSourceAt(
  place: string,
  options: OptionValues<OptionSpecs>,
  showsToken: boolean,
  report: Report,
): Promise<SourcePlace> {
  const given = options as unknown as Given;
  const { "source-store": stores = [], "source-token-file": own } = given;
  if (isBucket(place) || parseEndpoint(place).kind !== "local")
    throw new SyncError("USAGE", "--source-store is for an index that is here");
  refuseChoice(options, "what an index is of");
  const token = own !== undefined || showsToken ? readToken(own ?? given["token-file"]) : undefined;
  const form = { ...storeAccess(report), ...(token !== undefined && { token }) };
  const { openIndexSource } = await import("../../archive/stored-tree/index-source.node.ts");
  return {
    openSource: async ({ filter, signal }) =>
      openIndexSource(place, (digest) => openChunkReader(stores, { digest, ...form }), {
        filter,
        ...(signal && { signal }),
      }),
  };
}
