/** Pieces of a group that follow each other, none of which an old version has. */
export interface MissingRun {
  /** The number of the first in its group. */
  readonly first: number;
  readonly count: number;
  /** Pieces that are missing in a row up to its end, also in the groups before. */
  readonly rowCount: number;
}

/** Finds the runs in the groups of a file, one group after another; both ends count alike. */
export class MissingRuns {
  /** Pieces that are missing in a row at the end of what was looked at. */
  #rowCount = 0;

  /** The runs of the next group. */
  next(found: readonly boolean[]): MissingRun[] {
    const runs: MissingRun[] = [];
    for (let i = 0; i < found.length; i++) {
      const first = i;
      while (i < found.length && !found[i]) i += 1;
      const count = i - first;
      this.#rowCount += count;
      if (count > 0) runs.push({ first, count, rowCount: this.#rowCount });
      if (i < found.length) this.#rowCount = 0;
    }
    return runs;
  }
}
