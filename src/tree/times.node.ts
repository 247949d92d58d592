import fs from "node:fs";
import { createRequire } from "node:module";
import type { NativePath } from "./byte-string.node.ts";

/** Sets modification times and leaves access times alone where the system can. */
export interface TimeSetter {
  /** False when times are cut to microseconds. */
  readonly exact: boolean;
  /** Sets the time of an open file or directory. */
  setHandle(fd: number, sec: number, nsec: number): void;
  /** Sets the time of a path, of the link itself when it is one. */
  setPath(path: NativePath, sec: number, nsec: number): void;
}

let chosen: TimeSetter | undefined;

/** The best there is: libc through koffi when that is installed, otherwise Node's own calls. */
export function timeSetter(): TimeSetter {
  return (chosen ??= libcTimes() ?? nodeTimes);
}

/** Node's own calls: microseconds, and the access time becomes the modification time. */
export const nodeTimes: TimeSetter = {
  exact: false,
  setHandle(fd, sec, nsec) {
    const time = toNodeTime(sec, nsec);
    fs.futimesSync(fd, time, time);
  },
  setPath(path, sec, nsec) {
    const time = toNodeTime(sec, nsec);
    fs.lutimesSync(path, time, time);
  },
};

/** As text, because Node takes a negative number for "now"; half a microsecond up, because it cuts off. */
function toNodeTime(sec: number, nsec: number): string {
  return String(sec + (Math.floor(nsec / 1000) + 0.5) / 1e6);
}

interface Koffi {
  load(path: null): { func(declaration: string): (...args: unknown[]) => number };
  errno(): number;
}

/** See utimensat(2). */
const linux = { atFdCwd: -100, noFollow: 0x100, omit: (1n << 30n) - 2n };
const darwin = { atFdCwd: -2, noFollow: 0x20, omit: -2n };

function libcTimes(): TimeSetter | undefined {
  const is64Bit = process.arch === "x64" || process.arch === "arm64";
  if (!is64Bit || (process.platform !== "linux" && process.platform !== "darwin")) return undefined;
  try {
    return bindLibc(createRequire(import.meta.url)("koffi") as Koffi);
  } catch {
    // An optional dependency: not installed, or not for this system.
    return undefined;
  }
}

function bindLibc(koffi: Koffi): TimeSetter {
  const { atFdCwd, noFollow, omit } = process.platform === "darwin" ? darwin : linux;
  const libc = koffi.load(null);
  const futimens = libc.func("int futimens(int fd, const int64_t *times)");
  const utimensat = libc.func("int utimensat(int dirfd, const void *path, const int64_t *times, int flags)");
  const times = new BigInt64Array([0n, omit, 0n, 0n]);

  const set = (sec: number, nsec: number, call: () => number): void => {
    times[2] = BigInt(sec);
    times[3] = BigInt(nsec);
    if (call() === 0) return;
    const message = `setting a time failed with error number ${koffi.errno()}`;
    throw Object.assign(new Error(message), { code: "EIO", syscall: "utimensat" });
  };
  return {
    exact: true,
    setHandle: (fd, sec, nsec) => set(sec, nsec, () => futimens(fd, times)),
    setPath(path, sec, nsec) {
      const bytes = Buffer.concat([Buffer.from(path as string), Buffer.of(0)]);
      set(sec, nsec, () => utimensat(atFdCwd, bytes, times, noFollow));
    },
  };
}
