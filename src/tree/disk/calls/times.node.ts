import fs from "node:fs";
import { setTimesAt, type NameAt } from "./call-at.node.ts";
import type { Moment } from "../../entry/facts.ts";
import { findLibc, type Libc } from "./libc.node.ts";

/** Sets modification times. */
export interface TimeSetter {
  /**
   * Sets the time of an open file or directory.
   *
   * @param accessed the time of the last access, where that is set, too
   */
  setHandle(fd: number, sec: number, nsec: number, accessed?: Moment): void;
  /** Sets the time of a name in a directory, of the link itself when it is one. */
  setAt(at: NameAt, sec: number, nsec: number, accessed?: Moment): void;
}

let found: readonly TimeSetter[] | undefined;

/**
 * What there is, the best first: the C library where it can be had, and Node's own calls, which
 * some file systems understand that know no way to leave a time alone.
 */
export function timeSetters(): readonly TimeSetter[] {
  const libc = findLibc();
  return (found ??= libc ? [libcTimes(libc), nodeTimes] : [nodeTimes]);
}

/** Node's own calls: times are right to the microsecond, and the access time is set to the same. */
export const nodeTimes: TimeSetter = {
  setHandle(fd, sec, nsec, accessed = { sec, nsec }) {
    fs.futimesSync(fd, toNodeTime(accessed.sec, accessed.nsec), toNodeTime(sec, nsec));
  },
  setAt(at, sec, nsec, accessed = { sec, nsec }) {
    fs.lutimesSync(at.path(), toNodeTime(accessed.sec, accessed.nsec), toNodeTime(sec, nsec));
  },
};

/**
 * Before 1.52, libuv cuts times to microseconds, towards 0; then on it keeps what the number has of
 * nanoseconds.
 */
const [uvMajor = 0, uvMinor = 0] = (process.versions["uv"] ?? "").split(".").map(Number);
const cutsTimes = uvMajor === 1 && uvMinor < 52;

/**
 * As text, because Node takes a negative number for "now"; of the middle of a microsecond, so that
 * none is lost.
 */
function toNodeTime(sec: number, nsec: number): string {
  const micros = sec * 1e6 + Math.floor(nsec / 1000);
  return String((micros + (cutsTimes && micros < 0 ? -0.5 : 0.5)) / 1e6);
}

/** Keeps nanoseconds, and leaves access times alone that are not to be set. */
function libcTimes(libc: Libc): TimeSetter {
  const times = new BigInt64Array([0n, libc.omit, 0n, 0n]);
  const fill = (sec: number, nsec: number, accessed: Moment | undefined): BigInt64Array => {
    times[0] = BigInt(accessed?.sec ?? 0);
    times[1] = accessed ? BigInt(accessed.nsec) : libc.omit;
    times[2] = BigInt(sec);
    times[3] = BigInt(nsec);
    return times;
  };
  return {
    setHandle: (fd, sec, nsec, accessed) => libc.futimens(fd, fill(sec, nsec, accessed)),
    setAt(at, sec, nsec, accessed) {
      if (!setTimesAt(at, fill(sec, nsec, accessed))) nodeTimes.setAt(at, sec, nsec, accessed);
    },
  };
}
