import { kernelBase64 } from "./kernel.ts";
import { piecesKernelBase64 } from "./pieces-kernel.ts";

/** The rolling rules. Each finds ends in `length` bytes at `buffer` and returns how many. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  cafs(buffer: number, length: number, ends: number): number;
  fastcdc(
    buffer: number,
    length: number,
    ends: number,
    minBytes: number,
    averageBytes: number,
    maxBytes: number,
    strict: number,
    loose: number,
  ): number;
  casync(
    buffer: number,
    length: number,
    ends: number,
    minBytes: number,
    maxBytes: number,
    inverse: number,
    mask: number,
    firstQuotient: number,
    quotientSpan: number,
  ): number;
}

/** What pieces need beside those, in the same memory. Places are addresses. */
export interface PiecesKernel {
  /** Finds the ends of pieces of lines; returns how many. */
  lines(
    buffer: number,
    length: number,
    ends: number,
    minBytes: number,
    fullBytes: number,
    maxBytes: number,
  ): number;
  /** Writes the MACs of `count` pieces of a buffer to `macs`; ends count from its start. */
  pieces(buffer: number, ends: number, count: number, macs: number): void;
  /** Takes the bytes in [from, to) into the MAC of a file. */
  update(from: number, to: number): void;
  /** Writes that MAC, and begins anew. */
  digest(mac: number): void;
}

/** Bytes of a page of WebAssembly memory. */
export const memoryPageBytes = 65536;

/** Bytes of a table of words. */
export const tableBytes = 1024;
/** Bytes at the start of the memory that tables take, of which a rule has one or two. */
export const tablesBytes = 2 * tableBytes;

let compiled: WebAssembly.Module | undefined;
let compiledForPieces: WebAssembly.Module | undefined;

/**
 * Makes a kernel with a memory of its own, of one page.
 *
 * @throws what the engine throws when WebAssembly is not there or not allowed
 */
export function instantiateKernel(): Kernel {
  compiled ??= moduleOf(kernelBase64);
  return new WebAssembly.Instance(compiled).exports as unknown as Kernel;
}

/**
 * Makes a kernel for pieces in the memory of a kernel.
 *
 * @throws what the engine throws when it has no SIMD
 */
export function instantiatePiecesKernel(memory: WebAssembly.Memory): PiecesKernel {
  compiledForPieces ??= moduleOf(piecesKernelBase64);
  return new WebAssembly.Instance(compiledForPieces, { kernel: { memory } })
    .exports as unknown as PiecesKernel;
}

/** Writes a table of words that a hash reads to the start of a memory, or to another place. */
export function writeTable(memory: WebAssembly.Memory, words: Int32Array, at = 0): void {
  new Int32Array(memory.buffer, at, words.length).set(words);
}

function moduleOf(base64: string): WebAssembly.Module {
  return new WebAssembly.Module(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
}
