import { SyncError } from "../../errors.ts";

/** @throws PARTIAL where some entries failed */
export function endOf(failedEntries: number): void {
  if (failedEntries === 0) return;
  const what = failedEntries === 1 ? "one entry" : `${failedEntries} entries`;
  throw new SyncError("PARTIAL", `all is done but for ${what}`);
}
