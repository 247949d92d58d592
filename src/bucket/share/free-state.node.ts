import { isSyncError } from "../../errors.ts";
import { SyncState } from "../sync/state.node.ts";

/** Processes of one host that share work, at most. */
const processCount = 256;

/** Opens a state, or one beside it when other processes have that. @throws LOCKED, STATE, IO */
export function openFreeState(path: string): SyncState {
  for (let number = 1; ; number++) {
    try {
      return new SyncState(number === 1 ? path : `${path}-${number}`);
    } catch (thrown) {
      if (!isSyncError(thrown, "LOCKED") || number >= processCount) throw thrown;
    }
  }
}
