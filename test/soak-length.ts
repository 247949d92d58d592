const soakMs = Number(process.env["SOAK_MS"] ?? 0);
const soakCount = Number(process.env["SOAK_COUNT"] ?? 0);

/** How long a random test goes on, and what it says of that. */
export interface SoakLength {
  goesOn(): boolean;
  /** Counts what was tried. Says once, early in a long run, how long all of it will take. */
  add(count: number): void;
  /** Says how many it were, and at what rate. */
  tell(): void;
}

/**
 * A random test that has a long form: `npm run soak` sets how long, by a time, a number or both.
 * The short form is a number, however long it takes.
 *
 * @param share the share of that time or number which is this test's
 */
export function soakLength(what: string, shortCount: number, share = 1): SoakLength {
  const startMs = Date.now();
  const aim = Math.max(shortCount, soakCount * share);
  let count = 0;
  let isTold = aim === shortCount;
  const passedMs = (): number => Date.now() - startMs;
  return {
    goesOn: () => count < aim || passedMs() < soakMs * share,
    add(more) {
      count += more;
      if (isTold || count < aim / 100) return;
      isTold = true;
      console.log(`${aim} ${what} take some ${Math.ceil((passedMs() * aim) / count / 60_000)} minutes`);
    },
    tell: () =>
      console.log(`${count} ${what}, ${Math.round((count * 1000) / Math.max(1, passedMs()))} a second`),
  };
}
