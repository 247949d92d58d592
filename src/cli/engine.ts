import { getHeapStatistics, setFlagsFromString } from "node:v8";

/** From where on it matters whether a heap doubles. Below, to sweep it more often would take a quarter of the time of a session. */
const smallHeapBytes = 48 << 20;
const lookMs = 250;

/**
 * Sets the engine up for a session.
 *
 * Code has to run for four times as long as usual before it is optimised. To compile in the background is free only where a
 * processor is idle, and both ends of a pipe leave none: a first copy of 1.36 GB, which is over in two seconds, takes 6 % less time,
 * a tree of 78,000 files no more.
 */
export function prepareForSession(): void {
  setFlagsFromString("--interrupt-budget=500000");
  keepHeapSmall();
}

/**
 * Sets the engine up for a fetch: keeps the heap for young objects at its first size. Where blocks of content pass through one by
 * one, nothing is gained by letting more of them wait to be swept: a fetch of 256 MB takes 40 MB more memory, and no less time.
 */
export function prepareForFetch(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/**
 * Keeps the heap of this process small. What a session keeps is little, but much passes through, and a heap that
 * may double before it is swept does: to 300 MB for a tree of 300,000 files.
 */
function keepHeapSmall(): void {
  const timer = setInterval(() => {
    if (getHeapStatistics().total_heap_size < smallHeapBytes) return;
    setFlagsFromString("--heap-growing-percent=20");
    clearInterval(timer);
  }, lookMs).unref();
}
