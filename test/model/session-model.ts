import { createHash } from "node:crypto";
import { IdTable } from "../../src/bytes/id-table.ts";
import { Queue } from "../../src/session/queue.ts";
import { type Forms, StateDescriber } from "./describe-state.ts";
import type { Model } from "./explore.ts";
import { SessionRun } from "./session-run.ts";
import type { Beginning, SessionSetting } from "./setting.ts";
import type { TinyTree } from "./tiny-tree.ts";

/** What is explored: two trees, and the sessions that make the second like the first. */
export interface Scenario extends SessionSetting {
  readonly source: TinyTree;
  readonly old: TinyTree;
  /** How many times the connection may drop. */
  readonly dropCount: number;
}

/** A state: how the present session began, and what has happened in it. */
interface State {
  readonly beginning: Beginning;
  readonly dropsLeft: number;
  readonly moves: readonly string[];
  /** The session there, until a move of it is taken; another one has to be played anew. */
  run: SessionRun | undefined;
}

const drop = "the connection drops";
const mishaps = new Set([drop, "a file changes"]);

const forms: Forms = new Map<unknown, (value: never) => unknown>([
  [Queue, (queue: Queue<unknown>) => queue.values()],
  [IdTable, pairsOf],
]);
/** For people alone, or the same in all states. */
const ignored = new Set([
  "currentName",
  "currentSize",
  "currentOffset",
  "finishedFiles",
  "finishedBytes",
  "hello",
]);

/** The sessions of a scenario, one after another until one comes through. */
export class SessionModel implements Model<State> {
  readonly #scenario: Scenario;
  readonly #describer = new StateDescriber(forms, ignored);

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  start(): State {
    const { source, old, dropCount } = this.#scenario;
    return this.#begin({ source, hasChanged: false, target: { files: old, kept: [] } }, dropCount);
  }

  #begin(beginning: Beginning, dropsLeft: number): State {
    return { beginning, dropsLeft, moves: [], run: new SessionRun(this.#scenario, beginning) };
  }

  moves(state: State): readonly string[] {
    const run = this.#runOf(state);
    return run.isOver || state.dropsLeft === 0 ? run.moves : [...run.moves, drop];
  }

  take(state: State, move: string): State | undefined {
    const { beginning, dropsLeft, moves } = state;
    const run = this.#runOf(state);
    if (move === drop) return this.#begin(run.leftOver, dropsLeft - 1);
    if (!run.take(move)) return undefined;
    state.run = undefined;
    return { beginning, dropsLeft, moves: [...moves, move], run };
  }

  #runOf(state: State): SessionRun {
    state.run ??= this.#replay(state);
    return state.run;
  }

  #replay({ beginning, moves }: State): SessionRun {
    const run = new SessionRun(this.#scenario, beginning);
    for (const move of moves) run.take(move);
    return run;
  }

  digest(state: State): string {
    const text = this.#describer.describe([this.#runOf(state).state, state.dropsLeft]);
    return createHash("sha256").update(text).digest("base64url").slice(0, 22);
  }

  isEnd(state: State): boolean {
    return this.#runOf(state).isOver;
  }

  isMishap(move: string): boolean {
    return mishaps.has(move);
  }

  shrink(state: State): void {
    state.run = undefined;
  }

  /** Returns what happened in a run, a line for each move. */
  tell(moves: readonly string[]): readonly string[] {
    let state = this.start();
    return moves.map((move) => {
      try {
        state = this.take(state, move) ?? state;
        return `${move}: ${move === drop ? "" : this.#runOf(state).note()}`;
      } catch (thrown) {
        return `${move}: ${String(thrown)}`;
      }
    });
  }
}

/** What a table of ids holds, whatever slots it is in. */
function pairsOf(table: IdTable): string[] {
  const { $keys, $values } = table as unknown as { $keys: Uint32Array; $values?: Float64Array };
  const slots = Array.from({ length: $keys.length / 2 }, (_, at) => at);
  const taken = slots.filter((at) => $keys[2 * at] !== 0 || $keys[2 * at + 1] !== 0);
  return taken.map((at) => `${$keys[2 * at]} ${$keys[2 * at + 1]} ${$values?.[at]}`).sort();
}
