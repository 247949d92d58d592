import { onTestFinished, vi } from "vitest";

/**
 * Clocks and timers stand still from now on to the end of the test; `pass` and `outlast` move them.
 */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Lets so many milliseconds pass. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/**
 * Lets time pass in steps until a promise is settled; throws when it is not after so many
 * milliseconds.
 */
export async function outlast<T>(promise: Promise<T>, limitMs: number, stepMs = 250): Promise<T> {
  let isSettled = false;
  const note = (): void => void (isSettled = true);
  promise.then(note, note);
  for (let passedMs = 0; !isSettled; passedMs += stepMs) {
    if (passedMs > limitMs) throw new Error(`nothing came of it in ${limitMs} ms`);
    await pass(stepMs);
  }
  return promise;
}
