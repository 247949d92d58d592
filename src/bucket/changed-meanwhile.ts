import { SyncError } from "../errors.ts";

/** What is thrown where something else is at a key than who asks has thought. */
export function changedMeanwhile(path?: string): SyncError {
  return new SyncError("CHANGED", "it was changed by somebody else meanwhile", {
    detail: path === undefined ? {} : { path },
  });
}
