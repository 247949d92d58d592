import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/**
 * Returns what comes of compressed data.
 *
 * @param sizeBytes how long it must be
 * @param expand expands the data; it throws when that is damaged, or makes more than that
 * @throws BAD_MESSAGE when the data is damaged or the result has any other length
 */
export function expandTo(sizeBytes: number, expand: () => Bytes): Bytes {
  let result: Bytes;
  try {
    result = expand();
  } catch (cause) {
    throw new SyncError("BAD_MESSAGE", "compressed data is damaged or longer than declared", { cause });
  }
  if (result.length !== sizeBytes) {
    throw new SyncError(
      "BAD_MESSAGE",
      `compressed data holds ${result.length} bytes where ${sizeBytes} were declared`,
    );
  }
  // Not a Buffer, whose `slice` is no copy: it would be a view of what others may write to.
  return new Uint8Array(result.buffer, result.byteOffset, result.length);
}
