import type { ReceiveSummary } from "../session/receive.ts";
import { type ListedEntry, openListing } from "../tree/listing-target.ts";
import { type LoadTarget, type SourcePlace, sourceAt } from "./opened-places.node.ts";
import { pull } from "./pull.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Lists what a transfer from a place would send. Devices, FIFOs and sockets are listed wherever the
 * other end tells them. A connection that breaks is not made anew, for nothing is listed twice.
 *
 * @throws what `transfer` does
 */
export async function list(
  from: string | SourcePlace,
  onEntry: (listed: ListedEntry) => void,
  given: TransferOptions,
): Promise<ReceiveSummary> {
  const options = { ...given, keep: { ...given.keep, devices: true, specials: true }, retries: 0 };
  const loadTarget: LoadTarget = async () => () => openListing(onEntry);
  const source = sourceAt(from, options);
  if (source.kind !== "opened") return pull(source, loadTarget, options);
  const { copy } = await import("./copy.node.ts");
  return copy(source.load, loadTarget, options);
}
