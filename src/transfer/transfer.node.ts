import { checkSource } from "./check-source.node.ts";
import { type SourcePlace, sourceAt, type TargetPlace, targetAt } from "./opened-places.node.ts";
import { pull } from "./pull.node.ts";
import { push } from "./push.node.ts";
import type { TransferOptions, TransferSummary } from "./transfer-options.node.ts";

/**
 * Brings one place up to date with another. A place is a path, `[USER@]HOST:PATH` for a remote
 * shell, or a URL of ws:, wss:, http: or https: for a server; a slash at the end of the first means
 * what is in the directory, as with rsync. It may also be an object that opens itself. Between two
 * places elsewhere all passes through this machine, and nothing stays. When the connection breaks
 * it is made anew, as by `createSender`.
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
  from: string | SourcePlace,
  to: string | TargetPlace,
  given: TransferOptions = {},
): Promise<TransferSummary> {
  const options = given.removesSourceFiles === true ? await withRemoval(given) : given;
  const source = sourceAt(from, options);
  const target = targetAt(to, options);
  if (target.kind === "opened")
    return source.kind === "opened"
      ? (await import("./copy.node.ts")).copy(source.load, target.load, options)
      : pull(source, target.load, options);
  if (source.kind === "opened") {
    if (source.path !== undefined) checkSource(source.path);
    return push(source.load, target, options);
  }
  return (await import("./forward.node.ts")).forward(source, target, options);
}

/** What is asked for seldom is loaded when it is. */
async function withRemoval(options: TransferOptions): Promise<TransferOptions> {
  return (await import("./source-removal.ts")).withRemoval(options);
}
