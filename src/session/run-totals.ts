type NumberField<Progress> = {
  [Field in keyof Progress]: Progress[Field] extends number ? Field : never;
}[keyof Progress];

/** A field of an attempt that broke off, or what is made of several. */
type CarriedOf<Progress> = NumberField<Progress> | ((last: Progress) => number);

/**
 * For fields of a run: what an attempt that broke off adds to each. Of all other fields the last
 * attempt's value counts.
 */
export type Carried<Progress> = Readonly<Partial<Record<NumberField<Progress>, CarriedOf<Progress>>>>;

/** Where a run of several attempts stands as a whole. */
export class RunTotals<Progress extends object> {
  readonly #carried: readonly [NumberField<Progress>, CarriedOf<Progress>][];
  readonly #before = new Map<NumberField<Progress>, number>();
  #last: Progress | undefined;

  constructor(carried: Carried<Progress>) {
    this.#carried = Object.entries(carried) as [NumberField<Progress>, CarriedOf<Progress>][];
  }

  /** Begins an attempt. */
  begin(): void {
    const last = this.#last;
    if (last === undefined) return;
    for (const [to, from] of this.#carried) {
      const added = typeof from === "function" ? from(last) : (last[from] as number);
      this.#before.set(to, (this.#before.get(to) ?? 0) + added);
    }
    this.#last = undefined;
  }

  /** Where the run stands when this attempt stands there. */
  withBefore<Now extends Progress>(now: Now): Now {
    this.#last = now;
    if (this.#before.size === 0) return now;
    const sums = [...this.#before].map(([to, before]) => [to, Math.max(0, before + (now[to] as number))]);
    return { ...now, ...(Object.fromEntries(sums) as Partial<Now>) };
  }
}
