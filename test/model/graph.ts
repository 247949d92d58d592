import type { Exploration, Fault } from "./explore.ts";

/** A move of a graph. */
interface Edge {
  readonly to: number;
  readonly isMishap: boolean;
}

/**
 * The states of a model by number, the first being 0, and the moves between them. States are added
 * in the order of their distance from the first.
 */
export class Graph {
  readonly #isEnd: boolean[] = [];
  /** Of each state what it leads to, and by which move: two numbers for each move. */
  readonly #next: number[][] = [];
  readonly #moves: string[] = [];
  readonly #moveNumbers = new Map<string, number>();
  readonly #mishaps = new Set<number>();
  /** Of each state the one that it was reached from first, and by which move. */
  readonly #cameFrom: number[] = [0];
  readonly #cameBy: number[] = [0];
  #edgeCount = 0;

  /** Adds a state and returns its number. */
  add(isEnd: boolean): number {
    this.#next.push([]);
    return this.#isEnd.push(isEnd) - 1;
  }

  connect(from: number, to: number, move: string, isMishap: boolean): void {
    const number = this.#moveNumbers.get(move) ?? this.#moves.push(move) - 1;
    this.#moveNumbers.set(move, number);
    if (isMishap) this.#mishaps.add(number);
    this.#next[from]!.push(to, number);
    this.#cameFrom[to] ??= from;
    this.#cameBy[to] ??= number;
    this.#edgeCount += 1;
  }

  /** True for a state that is no end, and that nothing but mishaps leads out of. */
  isStuck(state: number): boolean {
    return !this.#isEnd[state] && [...this.#edgesOf(state)].every(({ isMishap }) => isMishap);
  }

  /** A shortest run to a state. */
  movesTo(state: number): string[] {
    const moves: string[] = [];
    for (let at = state; at !== 0; at = this.#cameFrom[at]!) moves.push(this.#moves[this.#cameBy[at]!]!);
    return moves.reverse();
  }

  /** What there is to say about it. @param fault one that was found already */
  judge(fault?: Fault): Exploration {
    const longest = this.#longestRuns();
    return {
      stateCount: this.#isEnd.length,
      moveCount: this.#edgeCount,
      endCount: this.#isEnd.filter(Boolean).length,
      longestRunCount: longest[0] ?? 0,
      fault:
        fault ??
        this.#faultAt("it can go on for ever", longest.indexOf(Infinity)) ??
        this.#faultAt("no end can be reached", this.#reachEnds().indexOf(false)),
    };
  }

  #faultAt(message: string, state: number): Fault | undefined {
    return state < 0 ? undefined : { message, moves: this.movesTo(state) };
  }

  /** For each state how many moves can follow; Infinity where it leads to a circle. */
  #longestRuns(): number[] {
    const longest = this.#next.map(() => Infinity);
    const open = this.#next.map((next) => next.length / 2);
    const before = this.#edgesBackwards(() => true);
    const left = [...open.keys()].filter((state) => open[state] === 0);
    for (let state = left.pop(); state !== undefined; state = left.pop()) {
      const runs = [...this.#edgesOf(state)].map(({ to }) => longest[to]! + 1);
      longest[state] = Math.max(0, ...runs);
      for (const above of before[state]!) if (--open[above]! === 0) left.push(above);
    }
    return longest;
  }

  /** For each state, whether an end can be reached from it without mishaps. */
  #reachEnds(): boolean[] {
    const before = this.#edgesBackwards(({ isMishap }) => !isMishap);
    const reaching = [...this.#isEnd];
    const left = [...reaching.keys()].filter((state) => reaching[state]);
    for (let state = left.pop(); state !== undefined; state = left.pop()) {
      for (const above of before[state]!) {
        if (reaching[above]) continue;
        reaching[above] = true;
        left.push(above);
      }
    }
    return reaching;
  }

  /** For each state those that lead to it. */
  #edgesBackwards(counts: (edge: Edge) => boolean): number[][] {
    const before: number[][] = this.#next.map(() => []);
    for (const from of this.#next.keys()) {
      for (const edge of this.#edgesOf(from)) if (counts(edge)) before[edge.to]!.push(from);
    }
    return before;
  }

  *#edgesOf(state: number): Generator<Edge> {
    const next = this.#next[state]!;
    for (let i = 0; i < next.length; i += 2) {
      const number = next[i + 1]!;
      yield { to: next[i]!, isMishap: this.#mishaps.has(number) };
    }
  }
}
