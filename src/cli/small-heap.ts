import { setFlagsFromString } from "node:v8";

/**
 * Keeps the heap of this process small. What a session keeps is little, but much passes through, and a heap that
 * may double before it is swept does: to 300 MB for a tree of 300,000 files.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=20");
}
