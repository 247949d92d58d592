import { compareKeys } from "../key-order.ts";
import type { KeyRange, ListedObject } from "../object-bucket.ts";
import type { SyncSide } from "./job.ts";

/** What both sides list of one key, which is without their prefixes. */
export interface KeyPair {
  readonly key: string;
  readonly source?: ListedObject;
  readonly destination?: ListedObject;
}

/** Pairs in the order of their keys, each once; what lies up to the last of them is complete. */
export type MergedPage = readonly KeyPair[];

/**
 * Merges the listings of both sides, which run at the same time, a page ahead of what is read.
 *
 * @param range of keys without the prefixes of the sides
 */
export async function* mergeListings(
  source: SyncSide,
  destination: SyncSide,
  range: Omit<KeyRange, "prefix">,
  signal: AbortSignal | undefined,
): AsyncGenerator<MergedPage> {
  await using left = new Listing(source, range, signal);
  await using right = new Listing(destination, range, signal);
  for (;;) {
    await Promise.all([left.fill(), right.fill()]);
    const pairs: KeyPair[] = [];
    while (left.hasNext || right.hasNext) {
      // Behind the end of a page that is not the last, nothing is known yet.
      if ((!left.hasNext && !left.isOver) || (!right.hasNext && !right.isOver)) break;
      const order = orderOf(left.key, right.key);
      const key = order <= 0 ? left.key! : right.key!;
      pairs.push({
        key,
        ...(order <= 0 && { source: left.take() }),
        ...(order >= 0 && { destination: right.take() }),
      });
    }
    if (pairs.length > 0) yield pairs;
    if (left.isOver && right.isOver && !left.hasNext && !right.hasNext) return;
  }
}

/** A side that has no more keys comes behind the other one. */
function orderOf(left: string | undefined, right: string | undefined): number {
  if (left === undefined) return 1;
  return right === undefined ? -1 : compareKeys(left, right);
}

/** One side's listing, of which the next page is asked for while one is read. */
class Listing {
  readonly #prefix: string;
  readonly #pages: AsyncIterator<readonly ListedObject[]>;
  #coming: Promise<IteratorResult<readonly ListedObject[]>> | undefined;
  #page: readonly ListedObject[] = [];
  #at = 0;
  isOver = false;

  constructor(
    { bucket, prefix }: SyncSide,
    { after, upTo }: Omit<KeyRange, "prefix">,
    signal: AbortSignal | undefined,
  ) {
    this.#prefix = prefix;
    const range = {
      prefix,
      ...(after !== undefined && { after: prefix + after }),
      ...(upTo !== undefined && { upTo: prefix + upTo }),
    };
    this.#pages = bucket.pages(range, signal && { signal })[Symbol.asyncIterator]();
    this.#ask();
  }

  get hasNext(): boolean {
    return this.#at < this.#page.length;
  }

  /** The next key, without the prefix. */
  get key(): string | undefined {
    return this.#page[this.#at]?.key.slice(this.#prefix.length);
  }

  take(): ListedObject {
    return this.#page[this.#at++]!;
  }

  /** Waits for the next page, once one is read to its end. */
  async fill(): Promise<void> {
    while (!this.hasNext && !this.isOver) {
      const next = await this.#coming!;
      if (next.done === true) {
        this.isOver = true;
        return;
      }
      this.#page = next.value;
      this.#at = 0;
      this.#ask();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#coming?.catch(() => {});
    await this.#pages.return?.();
  }

  #ask(): void {
    this.#coming = this.#pages.next();
    // Who waits for it hears of a failure; before that it is nobody's.
    this.#coming.catch(() => {});
  }
}
