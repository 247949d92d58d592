import { tellingFailures } from "../bytes/telling-failures.ts";
import { nothingAt, type SyncError, toSyncError, withPath } from "../errors.ts";

/** What went wrong with a file, with its path. */
export function failureOfFile(thrown: unknown, path: string): SyncError {
  if ((thrown as { readonly code?: unknown }).code === "ENOENT") return nothingAt(path, thrown);
  return withPath(toSyncError(thrown, "IO"), path);
}

/** What comes from a file; what goes wrong with it is told with its path. */
export function tellingPath<Item>(items: AsyncIterable<Item>, path: string): AsyncGenerator<Item> {
  return tellingFailures(items, (thrown) => failureOfFile(thrown, path));
}
