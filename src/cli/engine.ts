import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";

/**
 * The space for young objects, both halves. In less, what is still in use is taken for old; in more, nothing is gained by letting
 * what is not wait longer.
 */
const youngSpaceBytes = 8 << 20;
/** From where on it matters whether a heap doubles. Below, to sweep it more often would take a quarter of the time of a session. */
const smallHeapBytes = 48 << 20;
const lookMs = 100;

/**
 * Sets the engine up for a session.
 *
 * Code has to run for eight times as long as usual before it is optimised. To compile in the background is free only where a
 * processor is idle, and both ends of a pipe leave none: a first copy of 1.36 GB, which is over in one and a half seconds, takes
 * a seventh less time, a tree of 78,000 files 4 % more (`npm run bench -- first-file first-tree`, with and without the flag).
 *
 * The heap stays small. What a session keeps is little, but much passes through. Of that tree the sender would take 30 MB more, the
 * receiver 7, and neither less time; and a heap that may double before it is swept does, to 300 MB for a tree of 300,000 files.
 */
export function prepareForSession(): void {
  setFlagsFromString("--interrupt-budget=1000000");
  setFlagsFromString("--semi-space-growth-factor=4");
  setFlagWhen(() => youngBytes() >= youngSpaceBytes, "--semi-space-growth-factor=1");
  setFlagWhen(() => getHeapStatistics().total_heap_size >= smallHeapBytes, "--heap-growing-percent=20");
}

/**
 * Sets the engine up for a fetch: keeps the heap for young objects at its first size. Where blocks of content pass through one by
 * one, nothing is gained by letting more of them wait to be swept: a fetch of 256 MB takes 40 MB more memory, and no less time.
 */
export function prepareForFetch(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

function setFlagWhen(isSo: () => boolean, flag: string): void {
  const timer = setInterval(() => {
    if (!isSo()) return;
    setFlagsFromString(flag);
    clearInterval(timer);
  }, lookMs).unref();
}

function youngBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find((space) => space.space_name === "new_space")?.space_size ?? 0;
}
