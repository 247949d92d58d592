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

/**
 * The same stream, but it ends with the signal's reason, in the middle of a wait too. The source is
 * closed whichever way it ends; after an abort nobody waits for that, for the source may never
 * answer again.
 */
export async function* abortableSource<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  signal?.throwIfAborted();
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await abortable(iterator.next(), signal);
      if (next.done === true) break;
      yield next.value;
    }
    ended = true;
  } finally {
    if (!ended) await closeSource(iterator, signal);
  }
}

async function closeSource(iterator: AsyncIterator<unknown>, signal: AbortSignal | undefined): Promise<void> {
  const closed = iterator.return?.();
  if (signal?.aborted === true) closed?.catch(() => {});
  else await closed;
}
