import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** What node:zlib returns when it is asked how much of its input it took, too. */
export interface Expanded {
  readonly buffer: Bytes;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * Returns what comes of compressed data.
 *
 * @param sizeBytes how long it must be
 * @param expand expands `packed`; it throws when that is damaged, or makes more than that
 * @throws BAD_MESSAGE when the data is damaged, goes on behind its end, or when the result has any
 *   other length
 */
export function expandTo(packed: Bytes, sizeBytes: number, expand: () => Expanded): Bytes {
  let result: Expanded;
  try {
    result = expand();
  } catch (cause) {
    throw new SyncError("BAD_MESSAGE", "compressed data is damaged or longer than declared", { cause });
  }
  const { buffer, engine } = result;
  if (buffer.length !== sizeBytes) {
    throw new SyncError(
      "BAD_MESSAGE",
      `compressed data holds ${buffer.length} bytes where ${sizeBytes} were declared`,
    );
  }
  if (engine.bytesWritten !== packed.length)
    throw new SyncError("BAD_MESSAGE", "compressed data goes on behind its end");
  // Not a Buffer, whose `slice` is no copy: it would be a view of what others may write to.
  return new Uint8Array(buffer.buffer, buffer.byteOffset, sizeBytes);
}
