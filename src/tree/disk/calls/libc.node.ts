import { constants } from "node:os";
import { errnoMessage, errnoName } from "../../../bytes/errno.node.ts";
import { bindNative, type Koffi } from "./koffi.node.ts";

/**
 * The calls of the C library that Node lacks. Each throws an error with `code` and `syscall`, as
 * Node's do.
 */
export interface Libc {
  /** utimensat(2) and futimens(3) take times as [access sec, nsec, modification sec, nsec]. */
  futimens(fd: number, times: BigInt64Array): void;
  /** @param path ends in a zero byte */
  utimensat(dirFd: number, path: Uint8Array, times: BigInt64Array): void;
  /** flock(2) for writing, without waiting. @returns false when somebody else holds the file */
  flock(fd: number): boolean;
  /**
   * statx(2), following no link. Linux only.
   *
   * @param path ends in a zero byte; when it is empty, the handle itself is looked at
   * @param into 256 bytes
   * @returns false when nothing is there
   */
  readonly statx: ((fd: number, path: Uint8Array, into: Uint32Array) => boolean) | undefined;
  /** openat(2). Linux only. @param path ends in a zero byte */
  readonly openat: ((dirFd: number, path: Uint8Array, flags: number, mode: number) => number) | undefined;
  /**
   * getdents64(2): reads on in an open directory. Linux only. Returns how many bytes of entries
   * there are in `into`, 0 when there are no more.
   */
  readonly getdents: ((fd: number, into: Uint8Array) => number) | undefined;
  /** renameat(2). Linux only. @param from,to end in a zero byte */
  readonly renameat: ((fromFd: number, from: Uint8Array, toFd: number, to: Uint8Array) => void) | undefined;
  /**
   * Changes two names over in one step, renameat2(2). Linux only. @returns false where that cannot
   * be done
   */
  readonly exchangeat:
    ((fromFd: number, from: Uint8Array, toFd: number, to: Uint8Array) => boolean) | undefined;
  /**
   * Has an open file share part of another one, ioctl(2) with FICLONERANGE, in whole blocks of the
   * file system; of 0 bytes, all from the offset on. Linux only. Returns false where that cannot
   * be, or not for all of it, and undefined where these file systems can do it with no file.
   */
  readonly cloneRange:
    | ((from: number, fromOffset: number, to: number, toOffset: number, bytes: number) => boolean | undefined)
    | undefined;
  /** Takes the room of an open file, fallocate(2). Linux only. @throws ENOTSUP, ENOSPC */
  readonly fallocate: ((fd: number, bytes: number) => void) | undefined;
  /** Makes a hole in an open file, fallocate(2). Linux only. @returns false where that cannot be */
  readonly punch: ((fd: number, offset: number, bytes: number) => boolean) | undefined;
  /** What stands for "leave it" in place of the nanoseconds of a time. */
  readonly omit: bigint;
}

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const STATX_MNT_ID = 0x1000;
const wanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
const RENAME_EXCHANGE = 2;
const FICLONERANGE = 0x4020940d;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const { EOPNOTSUPP, ENOTTY, EXDEV } = constants.errno;
/** What a file system refuses a clone with that makes none, or none from another one. */
const cannotClone: ReadonlySet<number> = new Set([EOPNOTSUPP, ENOTTY, EXDEV]);
const EINVAL = 22;
const ENOSYS = 38;
const ENOENT = 2;
const LOCK_EX_NB = 2 | 4;

/** What differs between the systems: see utimensat(2) of each. */
const linux = { noFollow: AT_SYMLINK_NOFOLLOW, omit: (1n << 30n) - 2n, wouldBlock: 11 };
const darwin = { noFollow: 0x20, omit: -2n, wouldBlock: 35 };

let bound: { readonly libc: Libc | undefined } | undefined;

/**
 * The C library through koffi, an optional dependency; undefined where that, or the library, is not
 * there.
 */
export function findLibc(): Libc | undefined {
  bound ??= { libc: bindNative(bindCalls) };
  return bound.libc;
}

function bindCalls(koffi: Koffi): Libc {
  const { noFollow, omit, wouldBlock } = process.platform === "darwin" ? darwin : linux;
  const library = koffi.load(null);
  const futimens = library.func("int futimens(int fd, const int64_t *times)");
  const utimensat = library.func(
    "int utimensat(int dirfd, const void *path, const int64_t *times, int flags)",
  );
  const flock = library.func("int flock(int fd, int operation)");
  const check = (result: number, syscall: string): void => {
    if (result !== 0) throw errnoError(koffi.errno(), syscall);
  };
  return {
    omit,
    flock(fd) {
      if (flock(fd, LOCK_EX_NB) === 0) return true;
      const errno = koffi.errno();
      if (errno === wouldBlock) return false;
      throw errnoError(errno, "flock");
    },
    futimens: (fd, times) => check(futimens(fd, times), "futimens"),
    utimensat: (dirFd, path, times) => check(utimensat(dirFd, path, times, noFollow), "utimensat"),
    ...(process.platform === "linux"
      ? {
          statx: bindStatx(koffi),
          openat: bindOpenat(koffi),
          getdents: bindGetdents(koffi),
          renameat: bindRenameat(koffi),
          exchangeat: bindExchangeat(koffi),
          cloneRange: bindCloneRange(koffi),
          ...bindFallocate(koffi),
        }
      : {
          statx: undefined,
          openat: undefined,
          getdents: undefined,
          renameat: undefined,
          exchangeat: undefined,
          cloneRange: undefined,
          fallocate: undefined,
          punch: undefined,
        }),
  };
}

function bindCloneRange(koffi: Koffi): Libc["cloneRange"] {
  const ioctl = koffi.load(null).func("int ioctl(int fd, unsigned long request, const uint64_t *range)");
  return (from, fromOffset, to, toOffset, bytes) => {
    const range = [from, fromOffset, bytes, toOffset].map((value) => BigInt(value));
    if (ioctl(to, FICLONERANGE, BigUint64Array.from(range)) === 0) return true;
    return cannotClone.has(koffi.errno()) ? undefined : false;
  };
}

function bindFallocate(koffi: Koffi): Pick<Libc, "fallocate" | "punch"> {
  const declaration = "int fallocate(int fd, int mode, int64_t offset, int64_t bytes)";
  const fallocate = koffi.load(null).func(declaration);
  return {
    fallocate(fd, bytes) {
      if (fallocate(fd, 0, 0, bytes) !== 0) throw errnoError(koffi.errno(), "fallocate");
    },
    punch: (fd, offset, bytes) =>
      fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes) === 0,
  };
}

function bindOpenat(koffi: Koffi): Libc["openat"] {
  const declaration = "int openat(int dirfd, const void *path, int flags, unsigned int mode)";
  const openat = koffi.load(null).func(declaration);
  return (dirFd, path, flags, mode) => {
    const fd = openat(dirFd, path, flags, mode);
    if (fd < 0) throw errnoError(koffi.errno(), "openat");
    return fd;
  };
}

function bindGetdents(koffi: Koffi): Libc["getdents"] {
  try {
    const getdents64 = koffi.load(null).func("int64_t getdents64(int fd, void *into, size_t bytes)");
    return (fd, into) => {
      const bytes = getdents64(fd, into, into.length);
      if (bytes < 0) throw errnoError(koffi.errno(), "getdents64");
      return bytes;
    };
  } catch {
    return undefined; // a C library without it
  }
}

function bindRenameat(koffi: Koffi): Libc["renameat"] {
  const declaration = "int renameat(int fromfd, const void *from, int tofd, const void *to)";
  const renameat = koffi.load(null).func(declaration);
  return (fromFd, from, toFd, to) => {
    if (renameat(fromFd, from, toFd, to) !== 0) throw errnoError(koffi.errno(), "renameat");
  };
}

function bindExchangeat(koffi: Koffi): Libc["exchangeat"] {
  try {
    const declaration =
      "int renameat2(int fromfd, const void *from, int tofd, const void *to, unsigned int flags)";
    const renameat2 = koffi.load(null).func(declaration);
    return (fromFd, from, toFd, to) => {
      if (renameat2(fromFd, from, toFd, to, RENAME_EXCHANGE) === 0) return true;
      const errno = koffi.errno();
      if (errno === EINVAL || errno === ENOSYS) return false;
      throw errnoError(errno, "renameat2");
    };
  } catch {
    return undefined; // a C library without it
  }
}

function bindStatx(koffi: Koffi): Libc["statx"] {
  const declaration = "int statx(int dirfd, const void *path, int flags, unsigned int mask, void *into)";
  const statx = koffi.load(null).func(declaration);
  return (fd, path, into) => {
    if (statx(fd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, wanted, into) === 0) return true;
    const errno = koffi.errno();
    if (errno === ENOENT) return false;
    throw errnoError(errno, "statx");
  };
}

/** The error that a call of the C library ended with. */
export function errnoError(errno: number, syscall: string): Error {
  const code = errnoName(errno);
  return Object.assign(new Error(errnoMessage(errno, syscall)), { code, errno: -errno, syscall });
}
