/**
 * Ranges behind one another on one line of addresses, so that a single number says which range and
 * where in it.
 */
export class AddressLine {
  /** The address where each range starts, ascending. */
  readonly #starts: number[] = [];
  #end = 0;

  /** Puts a range of this many bytes at the end. Returns where it starts. */
  add(size: number): number {
    const start = this.#end;
    this.#starts.push(start);
    this.#end += Math.max(size, 1);
    return start;
  }

  /** Where a range starts, by its number: the first one is 0. */
  startOf(number: number): number {
    return this.#starts[number]!;
  }

  /** The range that an address lies in: the last one that starts at or before it. */
  numberAt(address: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#starts[middle]! <= address) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
