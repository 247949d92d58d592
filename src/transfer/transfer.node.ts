import { SyncError } from "../errors.ts";
import { parseEndpoint } from "./endpoint.node.ts";
import { pull } from "./pull.node.ts";
import { push } from "./push.node.ts";
import { withRemoval } from "./source-removal.ts";
import type { TransferOptions, TransferSummary } from "./transfer-options.node.ts";

/**
 * Brings one place up to date with another. A place is a path, `[USER@]HOST:PATH` for a remote
 * shell, or a URL of ws:, wss:, http: or https: for a server; a slash at the end of the first means
 * what is in the directory, as with rsync. One of the two has to be here. When the connection
 * breaks it is made anew, as by `createSender`.
 *
 * Resolves when all is in place. Entries that failed did not stop the others: see `troubles` and
 * `failed` of the summary.
 *
 * @throws USAGE before anything is done for places and options that make no sense, NOT_FOUND where
 *   nothing is, LIMIT, LOCKED, PEER_GONE, STALLED, NO_SPACE, what the other end reported
 *   (`remote`), the signal's reason
 * @example
 *   ```ts
 *   await transfer("photos/", "host:backup/photos", { compress: true });
 *   ```
 */
export async function transfer(
  from: string,
  to: string,
  given: TransferOptions = {},
): Promise<TransferSummary> {
  const options = withRemoval(given);
  const source = parseEndpoint(from);
  const target = parseEndpoint(to);
  if (target.kind === "local")
    return source.kind === "local"
      ? (await import("./copy.node.ts")).copy(source.path, target.path, options)
      : pull(source, target.path, options);
  if (source.kind === "local") return push(source.path, target, options);
  throw new SyncError("USAGE", `one of the two places has to be here: ${from} and ${to} are not`);
}
