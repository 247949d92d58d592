import type { ConnectorOptions } from "../../transfer/connector.node.ts";
import type { RemoteEndpoint } from "../../transfer/endpoint.node.ts";
import type { OptionValues } from "../command.ts";
import { readConnectorOptions, type remoteOptions } from "../options/remote-options.ts";
import type { Report } from "../report/report.ts";

type Values = OptionValues<typeof remoteOptions> & { readonly "source-token-file"?: string };

/**
 * How the source is reached where neither end is here: no server is shown the token for another
 * one.
 *
 * @throws USAGE, NOT_FOUND, IO
 */
export function readSourceAccess(source: RemoteEndpoint, options: Values, report: Report): ConnectorOptions {
  const { "source-token-file": token, "token-file": _, ...common } = options;
  if (token !== undefined) return readConnectorOptions(source, { ...common, "token-file": token }, report);
  return { ...readConnectorOptions(source, common, report), headers: {} };
}
