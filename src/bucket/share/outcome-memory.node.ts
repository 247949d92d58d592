import type { KnownPair } from "../sync/records.ts";
import type { SyncState } from "../sync/state.node.ts";
import type { Outcome } from "../sync/work.node.ts";

/** Outcomes that are recorded together. */
const outcomesAtOnce = 200;

/** Records in a state, many at a time, which objects are known to be copies now. */
export class OutcomeMemory {
  readonly #state: SyncState;
  #waiting: KnownPair[] = [];

  constructor(state: SyncState) {
    this.#state = state;
  }

  add(key: string, outcome: Outcome): void {
    if (outcome.type !== "copied" && outcome.type !== "equal") return;
    this.#waiting.push({ key, ...outcome });
    if (this.#waiting.length >= outcomesAtOnce) this.flush();
  }

  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    this.#state.transaction(() => {
      for (const pair of waiting) this.#state.know(pair);
    });
  }
}
