/** Pieces of a group that follow each other, none of which an old version has. */
export interface MissingRun {
  /** The number of the first in its group. */
  readonly first: number;
  readonly count: number;
  /** About how much is missing in a row up to its end, also in the groups before. */
  readonly rowBytes: number;
}

/** Finds the runs in the groups of a file, one group after another; both ends count alike. */
export class MissingRuns {
  /** About how much is missing in a row at the end of what was looked at. */
  #rowBytes = 0;

  /** The runs of the next group, whose pieces are so long on average. */
  next(found: readonly boolean[], averageBytes: number): MissingRun[] {
    const runs: MissingRun[] = [];
    for (let i = 0; i < found.length; i++) {
      const first = i;
      while (i < found.length && !found[i]) i += 1;
      const count = i - first;
      this.#rowBytes += count * averageBytes;
      if (count > 0) runs.push({ first, count, rowBytes: this.#rowBytes });
      if (i < found.length) this.#rowBytes = 0;
    }
    return runs;
  }
}
