import { abortable } from "../bytes/abort.ts";
import { wait } from "../bytes/retry.ts";
import type { AbortOptions } from "../types.ts";
import type { Register } from "./register.ts";
import { parseRecord, type WorkRecord } from "./work-record.ts";

/** Milliseconds before a change is tried again that lost against another one, at most. */
const mostPauseMs = 200;

/** A place for a record, which a change may put another one into. */
export interface RecordPlace {
  record: WorkRecord | undefined;
}

/** Changes a record, or looks at it. It is called again when another change came first. */
export type RecordChange<Result> = (place: RecordPlace) => Result;

interface Waiting {
  readonly change: RecordChange<unknown>;
  readonly settle: (result: unknown) => void;
  readonly fail: (thrown: unknown) => void;
}

/** Makes changes of one process to a record: those that wait go together, by one replacement. */
export class RecordEditor {
  readonly #register: Register;
  readonly #options: Required<AbortOptions>;
  #waiting: Waiting[] = [];
  #isBusy = false;

  /** @param options with the signal that ends all changes, those under way too */
  constructor(register: Register, options: Required<AbortOptions>) {
    this.#register = register;
    this.#options = options;
  }

  /**
   * Makes a change, and returns its result.
   *
   * @throws what the change throws, and registers; the signal's reason
   */
  async edit<Result>(change: RecordChange<Result>): Promise<Result> {
    return new Promise<Result>((settle, fail) => {
      this.#waiting.push({ change, settle: settle as Waiting["settle"], fail });
      if (!this.#isBusy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        const outcomes = await abortable(this.#commit(batch), this.#options.signal);
        for (const tell of outcomes) tell();
      } catch (thrown) {
        for (const { fail } of batch) fail(thrown);
      }
    }
    this.#isBusy = false;
  }

  /** @returns what tells each of its outcome */
  async #commit(batch: readonly Waiting[]): Promise<readonly (() => void)[]> {
    for (let lostCount = 0; ; lostCount++) {
      const found = await this.#register.read(this.#options);
      const place: RecordPlace = { record: found && parseRecord(found.text) };
      const outcomes = batch.map((waiting) => outcomeOf(waiting, place));
      const text = place.record && JSON.stringify(place.record);
      if (text === undefined || text === found?.text) return outcomes;
      if (await this.#register.replace(text, found?.version ?? null, this.#options)) return outcomes;
      await wait(Math.random() * Math.min(mostPauseMs, 2 ** lostCount), this.#options.signal);
    }
  }
}

function outcomeOf({ change, settle, fail }: Waiting, place: RecordPlace): () => void {
  try {
    const result = change(place);
    return () => settle(result);
  } catch (thrown) {
    return () => fail(thrown);
  }
}
