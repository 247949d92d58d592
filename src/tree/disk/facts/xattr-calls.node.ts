import type { Bytes } from "../../../types.ts";
import type { ByteString, NativePath } from "../calls/byte-string.node.ts";
import type { FactPlace } from "./fact-place.node.ts";
import { bindNative, type Koffi, type NativeCall } from "../calls/koffi.node.ts";
import { errnoError } from "../calls/libc.node.ts";

/** The calls of xattr(7). Names and values of one file are bounded by the system. */
interface XattrCalls {
  /** The names of all attributes; none where the file system knows none. */
  list(place: FactPlace): ByteString[];
  /** Returns undefined for one that is gone. */
  get(place: FactPlace, name: ByteString): Bytes | undefined;
  set(place: FactPlace, name: ByteString, value: Bytes): void;
  /** Removes one if it is there. */
  remove(place: FactPlace, name: ByteString): void;
}

/** Bytes of all names of a file, and of one value: XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux. */
const mostBytes = 65_536;
const ENODATA = 61;
const EOPNOTSUPP = 95;

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
  const list = bindBoth((l) => `int64_t ${l}listxattr(const void *path, void *list, size_t size)`);
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
  return {
    list(place) {
      const length = checked(list(place)(terminated(place.path), buffer, mostBytes), "listxattr") ?? 0;
      return length === 0 ? [] : buffer.toString("latin1", 0, length - 1).split("\0");
    },
    get(place, name) {
      const result = get(place)(terminated(place.path), terminated(name), buffer, mostBytes);
      const length = checked(result, "getxattr");
      return length === undefined ? undefined : new Uint8Array(buffer.subarray(0, length));
    },
    set(place, name, value) {
      checked(set(place)(terminated(place.path), terminated(name), value, value.length, 0), "setxattr");
    },
    remove: (place, name) =>
      void checked(remove(place)(terminated(place.path), terminated(name)), "removexattr"),
  };
}

function terminated(text: NativePath): Buffer {
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  return Buffer.concat([bytes, Buffer.of(0)]);
}
