import type { AttemptSigns } from "./reconnect.ts";

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
export class RunTotals<Progress extends { readonly wireReceivedBytes: number }> {
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

  /**
   * What to call whenever an attempt has got further: it notes the signs of the attempt, and tells
   * where the run stands.
   *
   * @param movedBytesOf content of the attempt that need not move again
   */
  reporting(
    signs: AttemptSigns,
    movedBytesOf: (progress: Progress) => number,
    onProgress: ((whole: Progress) => void) | undefined,
  ): (progress: Progress) => void {
    return (progress) => {
      signs.heard ||= progress.wireReceivedBytes > 0;
      signs.moved ||= movedBytesOf(progress) > 0;
      const whole = this.withBefore(progress);
      onProgress?.(whole);
    };
  }

  /** Where the run stands when this attempt stands there. */
  withBefore<Now extends Progress>(now: Now): Now {
    this.#last = now;
    if (this.#before.size === 0) return now;
    const sums = [...this.#before].map(([to, before]) => [to, Math.max(0, before + (now[to] as number))]);
    return { ...now, ...(Object.fromEntries(sums) as Partial<Now>) };
  }
}
