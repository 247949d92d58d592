import { SyncError } from "../errors.ts";
import type { IndexReading } from "./index-reader.ts";

/**
 * The same index, of which no chunk ends beyond a limit.
 *
 * @throws LIMIT from `chunks`, before any of those that come together with such a one
 */
export function limitedIndex(index: IndexReading, limitBytes: number): IndexReading {
  async function* chunks() {
    for await (const some of index.chunks) {
      const { offset, size } = some.at(-1)!;
      checkTotal(offset + size, limitBytes);
      yield some;
    }
  }
  return { ...index, chunks: chunks() };
}

/** @throws LIMIT */
export function checkTotal(totalBytes: number, limitBytes: number): void {
  if (totalBytes <= limitBytes) return;
  throw new SyncError(
    "LIMIT",
    `the index is of ${totalBytes} bytes or more, and --max-bytes allows ${limitBytes}`,
    { detail: { limit: limitBytes, actual: totalBytes } },
  );
}
