const longestMs = 5;

/**
 * Makes a function to await before each piece of synchronous work: most calls return at once, but when 5 ms
 * have passed since the event loop last had its turn, it gets one, so that a long row of such pieces delays
 * nobody else's timers, sockets or signals.
 */
export function createEventLoopTurn(): () => Promise<void> | undefined {
  let lastMs = performance.now();
  let pending: Promise<void> | undefined;

  return function turn() {
    if (performance.now() - lastMs < longestMs) return undefined;
    pending ??= new Promise((resolve) => {
      setImmediate(() => {
        lastMs = performance.now();
        pending = undefined;
        resolve();
      });
    });
    return pending;
  };
}
