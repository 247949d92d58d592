import type { ReceiveSummary } from "../session/receive.ts";
import { type ListedEntry, openListing } from "../tree/listing-target.ts";
import { parseEndpoint } from "./endpoint.node.ts";
import { pullInto } from "./pull.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Lists what a transfer from a place would send. Devices, FIFOs and sockets are listed wherever the
 * other end tells them. A connection that breaks is not made anew, for nothing is listed twice.
 *
 * @throws what `transfer` does
 */
export async function list(
  from: string,
  onEntry: (listed: ListedEntry) => void,
  given: TransferOptions,
): Promise<ReceiveSummary> {
  const options = { ...given, keep: { ...given.keep, devices: true, specials: true }, retries: 0 };
  const open = () => openListing(onEntry);
  const source = parseEndpoint(from);
  if (source.kind !== "local") return pullInto(source, async () => open, options);
  const { copyInto } = await import("./copy.node.ts");
  return copyInto(source.path, open, options);
}
