import fs from "node:fs";
import { setTimesAt, type NameAt } from "./call-at.node.ts";
import { findLibc, type Libc } from "./libc.node.ts";

/** Sets modification times. */
export interface TimeSetter {
  /** Sets the time of an open file or directory. */
  setHandle(fd: number, sec: number, nsec: number): void;
  /** Sets the time of a name in a directory, of the link itself when it is one. */
  setAt(at: NameAt, sec: number, nsec: number): void;
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
  setHandle(fd, sec, nsec) {
    const time = toNodeTime(sec, nsec);
    fs.futimesSync(fd, time, time);
  },
  setAt({ path }, sec, nsec) {
    const time = toNodeTime(sec, nsec);
    fs.lutimesSync(path(), time, time);
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

/** Keeps nanoseconds, and leaves access times alone. */
function libcTimes(libc: Libc): TimeSetter {
  const times = new BigInt64Array([0n, libc.omit, 0n, 0n]);
  const fill = (sec: number, nsec: number): BigInt64Array => {
    times[2] = BigInt(sec);
    times[3] = BigInt(nsec);
    return times;
  };
  return {
    setHandle: (fd, sec, nsec) => libc.futimens(fd, fill(sec, nsec)),
    setAt(at, sec, nsec) {
      if (!setTimesAt(at, fill(sec, nsec))) nodeTimes.setAt(at, sec, nsec);
    },
  };
}
