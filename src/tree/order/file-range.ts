/**
 * A range of one file, whose other ranges come in sessions of their own. The range that is all of
 * the file completes it: nothing but what the others left out comes then.
 */
export interface FileRange {
  /** Its first byte, and how many there are. */
  readonly offset: number;
  readonly size: number;
  /** Bytes of the whole file. */
  readonly fileBytes: number;
}

/** Which files are worth coming in ranges. */
export const cutLimits = Object.freeze({
  /** Bytes of the shortest file that is cut. */
  cutFileBytes: 33_554_432,
  /** Bytes of which the beginning of each range is a multiple. */
  rangeStepBytes: 1_048_576,
});

/** True for the range that completes its file. */
export function isAllOf({ size, fileBytes }: FileRange): boolean {
  return size === fileBytes;
}

/** True for a range that can be one of a file. */
export function isRangeOfFile({ offset, size, fileBytes }: FileRange): boolean {
  return size > 0 && offset + size <= fileBytes;
}
