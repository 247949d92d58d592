import { tellingFailures } from "../bytes/telling-failures.ts";
import { type SyncError, withPath } from "../errors.ts";
import { ioError } from "../store/io-error.node.ts";

/** What went wrong with a file, with its path. */
export function failureOfFile(thrown: unknown, path: string): SyncError {
  return withPath(ioError(thrown, path), path);
}

/** What comes from a file; what goes wrong with it is told with its path. */
export function tellingPath<Item>(items: AsyncIterable<Item>, path: string): AsyncGenerator<Item> {
  return tellingFailures(items, (thrown) => failureOfFile(thrown, path));
}
