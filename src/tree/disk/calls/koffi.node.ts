import { createRequire } from "node:module";

/** A call of the C library: numbers, byte arrays and pointers as Koffi takes them. */
export type NativeCall<Result = number> = (...args: unknown[]) => Result;

/** What is used here of Koffi, an optional dependency. */
export interface Koffi {
  load(path: null): { func(declaration: string): NativeCall };
  /** Reads a value behind a pointer, from a number of bytes on. */
  decode(pointer: unknown, type: string): unknown;
  decode(pointer: unknown, offset: number, type: string): unknown;
  /** Where the bytes of an array are, which stay there while it is in use. */
  address(bytes: ArrayBufferView): bigint;
  errno(): number;
}

/**
 * Binds calls of the C library; undefined where Koffi is not installed, not built for this system,
 * or the library has no such calls.
 */
export function bindNative<Calls>(bind: (koffi: Koffi) => Calls): Calls | undefined {
  const is64Bit = process.arch === "x64" || process.arch === "arm64";
  if (!is64Bit || (process.platform !== "linux" && process.platform !== "darwin")) return undefined;
  try {
    return bind(createRequire(import.meta.url)("koffi") as Koffi);
  } catch {
    return undefined;
  }
}
