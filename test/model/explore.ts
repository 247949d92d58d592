import { Graph } from "./graph.ts";

/** What can be explored: something that goes from state to state by moves. */
export interface Model<State> {
  start(): State;
  /** Returns the moves that a state may have: for equal states the same ones. */
  moves(state: State): readonly string[];
  /**
   * Returns the state that a move leads to, or undefined where it changes nothing.
   *
   * @throws Error that says what is wrong, when something is
   */
  take(state: State, move: string): State | undefined;
  /** Returns a text that is equal for two states exactly if all that can follow is equal. */
  digest(state: State): string;
  /** True for a state in which everything is over. */
  isEnd(state: State): boolean;
  /** True for a move that may happen, but that nobody can count on. */
  isMishap(move: string): boolean;
  /** Frees what can be made again from the rest of the state. */
  shrink(state: State): void;
}

/** What is wrong, and a shortest run that leads there. */
export interface Fault {
  readonly message: string;
  readonly moves: readonly string[];
}

/** What was found; where there is a fault, up to the first one. */
export interface Exploration {
  readonly stateCount: number;
  readonly moveCount: number;
  readonly endCount: number;
  /** Moves of the longest run. */
  readonly longestRunCount: number;
  readonly fault: Fault | undefined;
}

/** States that wait for their turn as a whole; further ones are made again. */
const wholeStateCount = 2000;

/**
 * Visits every state that can be reached, each once, the nearest first. Stops at the first move
 * that throws and at the first state that nothing but mishaps leads out of; otherwise looks at all
 * states for one from which no end can be reached without mishaps, and for a run that never ends.
 *
 * @param limitCount states it visits at most
 * @throws Error when there are more
 */
export function explore<State>(model: Model<State>, limitCount: number): Exploration {
  const graph = new Graph();
  const numbers = new Map<string, number>();
  let coming: { readonly state: State; readonly number: number }[] = [];

  const enter = (state: State): number => {
    const digest = model.digest(state);
    const known = numbers.get(digest);
    if (known !== undefined) return known;
    const number = graph.add(model.isEnd(state));
    if (number >= limitCount) throw new Error(`there are more than ${limitCount} states`);
    numbers.set(digest, number);
    if (coming.length > wholeStateCount) model.shrink(state);
    coming.push({ state, number });
    return number;
  };

  /** Takes the moves of a state. Returns what is wrong with one of them, or with their lack. */
  const leave = (state: State, from: number): Fault | undefined => {
    for (const move of model.moves(state)) {
      let next: State | undefined;
      try {
        next = model.take(state, move);
      } catch (thrown) {
        return { message: String(thrown), moves: [...graph.movesTo(from), move] };
      }
      if (next !== undefined) graph.connect(from, enter(next), move, model.isMishap(move));
    }
    return graph.isStuck(from) ? { message: "nobody can move", moves: graph.movesTo(from) } : undefined;
  };

  enter(model.start());
  while (coming.length > 0) {
    const present = coming;
    coming = [];
    for (const { state, number } of present) {
      const fault = leave(state, number);
      if (fault !== undefined) return graph.judge(fault);
    }
  }
  return graph.judge();
}
