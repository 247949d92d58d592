import { isSyncError, SyncError } from "../errors.ts";

/** What comes of something; what it throws is about this field, unless it names one itself. */
export function aboutField<Result>(field: string, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    if (!isSyncError(thrown) || thrown.detail.field !== undefined) throw thrown;
    const { cause, code, message, remote, detail } = thrown;
    throw new SyncError(code, message, { cause, remote, detail: { ...detail, field } });
  }
}
