/** What holds the numbers of a column. */
type Numbers = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** A list of numbers that grows, in as many bytes for each as its kind of array takes. */
export class NumberColumn {
  #values: Numbers;
  #count = 0;

  /** @param values the first room, and the kind of array */
  constructor(values: Numbers) {
    this.#values = values;
  }

  get count(): number {
    return this.#count;
  }

  /** Returns the number's place. */
  push(value: number): number {
    if (this.#count === this.#values.length) this.#grow();
    this.#values[this.#count] = value;
    return this.#count++;
  }

  get(at: number): number {
    return this.#values[at]!;
  }

  /** Changes a number that is there. */
  set(at: number, value: number): void {
    this.#values[at] = value;
  }

  #grow(): void {
    const { constructor, length } = this.#values;
    const wider = new (constructor as new (length: number) => Numbers)(Math.ceil(length * 1.5) + 1);
    wider.set(this.#values);
    this.#values = wider;
  }
}
