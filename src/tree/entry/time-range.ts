/**
 * Seconds from 1970 to the latest time, and to the earliest: twice the difference of two is below
 * 2^53.
 */
export const maxTimeSec = 2 ** 51 - 1;
