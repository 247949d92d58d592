import type { Bytes } from "../../../types.ts";
import { maxNameBytes } from "../../entry/entry-order.ts";
import { terminate, type ByteString, type NativePath } from "../calls/byte-string.node.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import { bindNative, type Koffi, type NativeCall } from "../calls/koffi.node.ts";
import { errnoError } from "../calls/libc.node.ts";

/** The calls of xattr(7). Names and values of one file are bounded by the system. */
interface XattrCalls {
  /** The names of all attributes; none where the file system knows none. */
  list(place: FactPlace): readonly ByteString[];
  /** Returns undefined for one that is gone. */
  get(place: FactPlace, name: ByteString): Bytes | undefined;
  set(place: FactPlace, name: ByteString, value: Bytes): void;
  /** Removes one if it is there. */
  remove(place: FactPlace, name: ByteString): void;
}

/** Bytes of all names of a file, and of one value: XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux. */
const mostBytes = 65_536;
/** Bytes that the names of most files fit into: the system takes as much memory as it is shown. */
const usualBytes = 256;
const EBADF = 9;
const ERANGE = 34;
const ENODATA = 61;
const EOPNOTSUPP = 95;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** The number of a system call that the C library has no name for yet; the same on all systems. */
const LISTXATTRAT = 465;

const noNames: readonly never[] = [];

let bound: { readonly calls: XattrCalls | undefined } | undefined;

/** Undefined where the C library cannot be called, or has other calls than Linux. */
export function findXattrCalls(): XattrCalls | undefined {
  bound ??= { calls: process.platform === "linux" ? bindNative(bindCalls) : undefined };
  return bound.calls;
}

function bindCalls(koffi: Koffi): XattrCalls {
  const library = koffi.load(null);
  const bindBoth = (declare: (prefix: string) => string): ((place: FactPlace) => NativeCall) => {
    const [follow, stay] = [library.func(declare("")), library.func(declare("l"))];
    return ({ isHandle }) => (isHandle ? follow : stay);
  };
  const listPath = bindBoth((l) => `int64_t ${l}listxattr(const void *path, void *list, size_t size)`);
  const listAt = bindListAt(koffi);
  const get = bindBoth(
    (l) => `int64_t ${l}getxattr(const void *path, const void *name, void *value, size_t size)`,
  );
  const set = bindBoth(
    (l) => `int ${l}setxattr(const void *path, const void *name, const void *value, size_t size, int flags)`,
  );
  const remove = bindBoth((l) => `int ${l}removexattr(const void *path, const void *name)`);
  const buffer = Buffer.alloc(mostBytes);
  /** Returns what a call gave; undefined when there is none of what it was about. */
  const checked = (result: number, syscall: string): number | undefined => {
    if (result >= 0) return result;
    const errno = koffi.errno();
    if (errno === ENODATA || (errno === EOPNOTSUPP && syscall !== "setxattr")) return undefined;
    throw errnoError(errno, syscall);
  };
  const listInto = (place: FactPlace, size: number): number =>
    listAt?.(place, buffer, size) ?? listPath(place)(terminated(place.path()), buffer, size);
  return {
    list(place) {
      let result = listInto(place, usualBytes);
      if (result < 0 && koffi.errno() === ERANGE) result = listInto(place, mostBytes);
      const length = checked(result, "listxattr") ?? 0;
      return length === 0 ? noNames : buffer.toString("latin1", 0, length - 1).split("\0");
    },
    get(place, name) {
      const result = get(place)(terminated(place.path()), terminated(name), buffer, mostBytes);
      const length = checked(result, "getxattr");
      return length === undefined ? undefined : new Uint8Array(buffer.subarray(0, length));
    },
    set(place, name, value) {
      checked(set(place)(terminated(place.path()), terminated(name), value, value.length, 0), "setxattr");
    },
    remove: (place, name) =>
      void checked(remove(place)(terminated(place.path()), terminated(name)), "removexattr"),
  };
}

/**
 * Binds listxattrat(2) of Linux 6.13, which takes a third of the time of a path that leads through
 * /proc; undefined where it is not there. It returns undefined for a place that has no short name.
 */
function bindListAt(
  koffi: Koffi,
): ((place: FactPlace, into: Buffer, size: number) => number | undefined) | undefined {
  const call = koffi
    .load(null)
    .func(
      "int64_t syscall(int64_t number, int64_t dirfd, const void *path, int64_t flags, void *list, int64_t size)",
    );
  const path = Buffer.alloc(maxNameBytes + 1);
  const listAt = (dirFd: number, name: ByteString, flags: number, into: Buffer, size: number): number =>
    call(LISTXATTRAT, dirFd, terminate(path, name), flags, into, size);
  // Where the call is there, it finds the handle wrong; filters of calls answer in other ways.
  if (listAt(-1, "x", 0, path, 0) >= 0 || koffi.errno() !== EBADF) return undefined;
  return ({ dirFd, name, isHandle }, into, size) =>
    name === "" || name.length > maxNameBytes
      ? undefined
      : listAt(dirFd, name, isHandle ? 0 : AT_SYMLINK_NOFOLLOW, into, size);
}

function terminated(text: NativePath): Buffer {
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  return Buffer.concat([bytes, Buffer.of(0)]);
}
