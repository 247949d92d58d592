import type { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";

/**
 * How the reading of a file ended: with its last byte; with the last that was listed of one that
 * has grown since; or early.
 */
export type ScanEnd = "complete" | "grown" | SyncError;

/** Takes the content of files, which are read one after another. */
export interface ScanVisitor<File> {
  /**
   * Takes the next bytes of a file, which lie at the start of the room. An empty file has one block
   * without bytes.
   *
   * @param isLast true when the file ends behind them
   * @returns how many of them it took; the next block begins with the others. At least one, unless
   *   there are none; all of them, of the last block
   */
  block(file: File, length: number, isLast: boolean): number;
  /**
   * The file was read.
   *
   * @returns true to have it read once more, which ends with another call
   */
  end(file: File, how: ScanEnd): boolean;
}

/**
 * Reads files whole, one after another. Yields about once a mebibyte or a hundred files; what
 * cannot be read ends early, and the others are not touched by that.
 *
 * @param room where blocks are put; as much of a file as fits is read at once
 */
export type Scan<File> = (
  files: readonly File[],
  room: Bytes,
  visitor: ScanVisitor<File>,
  options: AbortOptions,
) => AsyncIterable<void>;

/** Bytes, and files, after which a scan yields. */
export const scanBatch = Object.freeze({ bytes: 1024 * 1024, count: 128 });

/** Shows a file that is in memory to a visitor. */
export function visitBytes<File>(file: File, bytes: Bytes, room: Bytes, visitor: ScanVisitor<File>): void {
  for (let at = 0; ;) {
    const length = Math.min(room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + length));
    const isLast = at + length === bytes.length;
    at += visitor.block(file, length, isLast);
    if (isLast) return;
  }
}
