import { SyncError } from "../errors.ts";
import type { Order } from "../tree/order/order.ts";

type Removal = Pick<Order, "dryRun" | "maxDeletedCount" | "removesSourceFiles" | "rule">;

/**
 * The options of a transfer after which files of the source are removed, or not: nothing is in a
 * dry run.
 *
 * @throws USAGE where the receiver may leave files out, which would be lost
 */
export function withRemoval<Options extends Removal>(options: Options): Options {
  if (options.removesSourceFiles !== true) return options;
  if (options.maxDeletedCount !== undefined)
    throw new SyncError(
      "USAGE",
      "--remove-source-files does not go with --delete: the next run would delete what this one brings",
    );
  const { keepsNewer, maxBytes, minBytes, ...only } = options.rule ?? {};
  const { onlyExisting, onlyLonger, onlyNew, onlySafeLinks } = only;
  const leavesOut = [keepsNewer, onlyExisting, onlyLonger, onlyNew, onlySafeLinks].includes(true);
  if (leavesOut || maxBytes !== undefined || minBytes !== undefined)
    throw new SyncError(
      "USAGE",
      "--remove-source-files does not go with options by which DST leaves files out",
    );
  return options.dryRun === true ? { ...options, removesSourceFiles: false } : options;
}
