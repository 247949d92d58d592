interface Reader {
  /** Where it goes on when it reads in order. */
  next: number;
  /** Up to where all was made ready. */
  readyTo: number;
  windowBytes: number;
}

/** Readers that are remembered. */
const mostReaders = 256;
/** What is made ready behind the second part that is read in order; twice that behind the next. */
const firstWindowBytes = 131_072;
const mostWindowBytes = 8_388_608;
/** Parts of one reader come a little out of order, for several are asked for at a time. */
const nearBytes = 1_048_576;

/** Tells from what is read what is going to be: who reads in order goes on. */
export class ReadAhead {
  readonly #readers = new Map<number, Reader>();

  /**
   * Called behind each read.
   *
   * @param prepare makes a part ready and returns where that ends
   */
  follow(
    node: number,
    offset: number,
    size: number,
    prepare: (offset: number, size: number) => number,
  ): void {
    const reader = this.#readers.get(node);
    const end = offset + size;
    if (reader === undefined || Math.abs(offset - reader.next) > nearBytes) return this.#begin(node, end);
    reader.next = Math.max(reader.next, end);
    reader.windowBytes = Math.min(mostWindowBytes, reader.windowBytes * 2);
    const from = Math.max(reader.readyTo, reader.next);
    const to = reader.next + reader.windowBytes;
    // Half a window at a time, so that this is not done for each part.
    if (to - from >= reader.windowBytes / 2) reader.readyTo = prepare(from, to - from);
  }

  #begin(node: number, next: number): void {
    this.#readers.delete(node);
    if (this.#readers.size >= mostReaders) this.#readers.delete(this.#readers.keys().next().value!);
    this.#readers.set(node, { next, readyTo: next, windowBytes: firstWindowBytes });
  }
}
