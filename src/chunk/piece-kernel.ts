import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { gearRule } from "./fastcdc-finder.ts";
import { kernelPieces } from "./kernel-pieces.ts";
import { macSubkeys, type SubkeySource } from "./mac-subkeys.ts";
import { gearPieceSizes, type PieceRule } from "./piece-rules.ts";
import { pieceMacBytes, type Pieces } from "./pieces.ts";
import { plainPieces } from "./plain-pieces.ts";

/** Cuts pieces and computes the keyed MACs of pieces and of files. */
export interface PieceKernel {
  /**
   * The input: put bytes at its start, then call. It lies where the kernel reads, so nothing is
   * copied. It has 1 MiB and room for the longest piece.
   */
  readonly buffer: Bytes;
  /**
   * Finds the ends of the pieces in buffer[0 .. length), buffer[0] being the first byte of a piece.
   *
   * @param final true when the content ends there: what is left is then the last piece, if it is
   *   not empty
   * @returns offsets one past each complete piece, ascending; a view that the next `cut`, or `macs`
   *   of other ends, overwrites
   */
  cut(rule: PieceRule, length: number, final: boolean): Uint32Array;
  /**
   * Computes the MACs of the pieces of buffer: the first from 0 to the first end, each other one
   * from the end before.
   *
   * @param ends ascending, at most as many as `cut` can return
   * @returns 8 bytes a piece, in a row; a view that the next `macs` overwrites
   */
  macs(ends: Uint32Array): Bytes;
  /** Takes buffer[from .. to) into the MAC of a whole file. */
  update(from: number, to: number): void;
  /** Returns the MAC of all that was taken in since the last one, 16 bytes, and begins anew. */
  digest(): Bytes;
}

/** How `createPieceKernel` computes. */
export interface PieceKernelOptions {
  /** `wasm`: WebAssembly; `js`: plain TypeScript; `auto`, the default: WebAssembly if allowed. */
  readonly kernel?: "auto" | "wasm" | "js";
}

/**
 * Makes a piece kernel. It holds 2.3 MB of memory and serves any number of files, one after
 * another.
 *
 * @param key 32 bytes
 * @throws UNSUPPORTED for `wasm` where that is refused
 * @see docs/macs.md
 */
export function createPieceKernel(key: Bytes, options: PieceKernelOptions = {}): PieceKernel {
  return pieceKernelOf(choosePieces(macSubkeys(key), options.kernel ?? "auto"));
}

function choosePieces(subkeys: SubkeySource, kernel: "auto" | "wasm" | "js"): Pieces {
  if (kernel === "js") return plainPieces(subkeys);
  try {
    return kernelPieces(subkeys);
  } catch (cause) {
    if (kernel === "wasm") throw new SyncError("UNSUPPORTED", "WebAssembly is refused here", { cause });
    return plainPieces(subkeys);
  }
}

/** Makes a piece kernel of its inside. */
export function pieceKernelOf(pieces: Pieces): PieceKernel {
  const { buffer, ends: found, macs } = pieces;
  return {
    buffer,
    cut(rule, length, final) {
      let count =
        rule.kind === "lines"
          ? pieces.findLines(length)
          : pieces.findGear(length, gearRule(gearPieceSizes(rule)));
      const last = count === 0 ? 0 : found[count - 1]!;
      if (final && last < length) found[count++] = length;
      return found.subarray(0, count);
    },
    macs(ends) {
      found.set(ends);
      pieces.hash(ends.length);
      return macs.subarray(0, pieceMacBytes * ends.length);
    },
    update: (from, to) => pieces.update(from, to),
    digest: () => pieces.digest(),
  };
}
