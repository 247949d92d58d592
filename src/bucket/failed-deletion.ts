import { SyncError, toSyncError } from "../errors.ts";

/** An object that could not be deleted, and what the provider says to it. */
export interface FailedDeletion {
  readonly key: string;
  readonly error: SyncError;
}

/** Why a deletion fails; nothing when it does not. @throws the signal's reason */
export async function failuresOf(
  key: string,
  deletion: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<readonly FailedDeletion[]> {
  try {
    await deletion;
    return [];
  } catch (thrown) {
    signal?.throwIfAborted();
    return [{ key, error: toSyncError(thrown, "IO") }];
  }
}

/** What is told of one. @param what it is, such as `a version` */
export function undeleted(what: string, path: string, { message, detail }: SyncError): SyncError {
  return new SyncError("IO", `${what} cannot be deleted: ${message}`, { detail: { ...detail, path } });
}
