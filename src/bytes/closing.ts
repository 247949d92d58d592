/** Does all of this, whatever comes of each; then throws what was thrown first. */
export function doAll(steps: readonly (() => void)[]): void {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * Does something, then closes what it was done with. When both fail, what was thrown first is
 * thrown.
 */
export function closingAfter<Result>(work: () => Result, close: () => void): Result {
  const result = closingOnFailure(work, close);
  close();
  return result;
}

/**
 * Does something with what stays open when that succeeds. When closing it fails too, what was
 * thrown first is thrown.
 */
export function closingOnFailure<Result>(work: () => Result, close: () => void): Result {
  try {
    return work();
  } catch (thrown) {
    doQuietly(close);
    throw thrown;
  }
}

/** As `closingAfter`, for what takes time. */
export async function closingInTheEnd<Result>(
  work: () => Promise<Result>,
  close: () => Promise<void>,
): Promise<Result> {
  let result: Result;
  try {
    result = await work();
  } catch (thrown) {
    await close().catch(() => {});
    throw thrown;
  }
  await close();
  return result;
}

/** As `closingAfter`, for what is done step by step; also when it is left before its end. */
export function* closingBehind<Step, Result>(
  steps: Generator<Step, Result>,
  close: () => void,
): Generator<Step, Result> {
  let hasFailed = false;
  try {
    return yield* steps;
  } catch (thrown) {
    hasFailed = true;
    throw thrown;
  } finally {
    if (hasFailed) doQuietly(close);
    else close();
  }
}

/** Closes what does not matter any more when that fails. */
export function doQuietly(close: () => void): void {
  try {
    close();
  } catch {
    // It follows from what went wrong before, or matters less.
  }
}
