import type { ObjectBucket } from "../bucket/object-bucket.ts";
import { wait } from "../bytes/retry.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";

/** How those that prune a store in a bucket and those that write to it know of each other. */
export const pruneMarkLimits = Object.freeze({
  /** Milliseconds between two signs of life of who prunes. */
  signMs: 10_000,
  /** Milliseconds without one, after which who prunes is gone. */
  goneMs: 90_000,
  /** Milliseconds since the last one, after which who prunes removes nothing more. */
  heldMs: 30_000,
  /** Milliseconds between two looks of who waits. */
  markLookMs: 500,
  /** Bytes of what is read of a mark. */
  markBytes: 4096,
});

const over = "over";

/**
 * A mark in a store that is being pruned. Who writes a version looks at it before and after: when
 * nobody began to prune in between, whoever does it later finds the version.
 */
export class PruneMark {
  readonly #bucket: ObjectBucket;
  readonly #key: string;

  constructor(bucket: ObjectBucket, prefix: string) {
    this.#bucket = bucket;
    this.#key = `${prefix}versions/.prune`;
  }

  /** What the mark says, once nobody prunes. */
  async settled({ signal }: AbortOptions = {}): Promise<string> {
    let [last, sinceMs]: [string | undefined, number] = [undefined, performance.now()];
    for (; ; await wait(pruneMarkLimits.markLookMs, signal)) {
      const text = await this.#read(signal);
      if (text === "" || text.endsWith(over)) return text;
      if (text !== last) [last, sinceMs] = [text, performance.now() - (await this.#ageMs(signal))];
      if (performance.now() - sinceMs > pruneMarkLimits.goneMs) return text;
    }
  }

  /** How long ago the last sign of life was given, by the clock of who keeps the mark. */
  async #ageMs(signal: AbortSignal | undefined): Promise<number> {
    const options = signal && { signal };
    const facts = await this.#bucket.head(this.#key, options);
    return facts ? Math.max(0, (await this.#bucket.timeMs(options)) - facts.writtenMs) : 0;
  }

  /**
   * Prunes under the mark, once nobody else does.
   *
   * @param prune calls what it is given before it removes anything: that throws LOCKED when this
   *   process stood still, or the mark could not be written, for so long that others may write
   */
  async hold<Result>(
    prune: (check: () => void) => Promise<Result>,
    { signal }: AbortOptions = {},
  ): Promise<Result> {
    const run = crypto.randomUUID();
    let [signCount, version]: [number, string | null] = [0, null];
    let [signed, isLate] = [timeNow(), false];
    const check = (): void => {
      isLate ||= msSince(signed) > pruneMarkLimits.heldMs;
      if (isLate)
        throw new SyncError("LOCKED", "this stood still for long, and others may write by now; prune again");
    };
    const write = async (end: string): Promise<void> => {
      const started = timeNow();
      const bytes = new TextEncoder().encode(`${run} ${signCount++} ${end}`);
      version = await this.#bucket.write(this.#key, bytes, { replaces: version, ...(signal && { signal }) });
      signed = started;
    };
    for (let isHeld = false; !isHeld;) {
      await this.settled(signal && { signal });
      version = (await this.#bucket.head(this.#key, signal && { signal }))?.mark ?? null;
      isHeld = await write("").then(() => true, unlessChanged);
    }
    let writing = Promise.resolve();
    const timer = setInterval(() => {
      writing = writing
        .then(async () => {
          check();
          await write("");
        })
        .catch(() => {});
    }, pruneMarkLimits.signMs);
    try {
      return await prune(check);
    } finally {
      clearInterval(timer);
      await writing;
      await write(over).catch(() => {});
    }
  }

  async #read(signal: AbortSignal | undefined): Promise<string> {
    const bytes = await this.#bucket.get(this.#key, pruneMarkLimits.markBytes, signal && { signal });
    return bytes ? textOf(bytes) : "";
  }
}

/** The time by two clocks: one stands still while the machine sleeps, the other one may be set. */
const timeNow = (): readonly [number, number] => [performance.now(), Date.now()];

function msSince([ranMs, wasMs]: readonly [number, number]): number {
  return Math.max(performance.now() - ranMs, Date.now() - wasMs);
}

/** False when another process was faster. */
function unlessChanged(thrown: unknown): false {
  if (isSyncError(thrown, "CHANGED")) return false;
  throw thrown;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
