/**
 * Waits for a promise, but not longer than the signal lets it.
 *
 * It stops waiting, not the work behind the promise: whoever called that has to end it.
 *
 * @throws the signal's reason once it is aborted
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}
