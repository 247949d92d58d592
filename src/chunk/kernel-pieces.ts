import { gearTable } from "./gear.ts";
import {
  instantiateKernel,
  instantiatePiecesKernel,
  memoryPageBytes,
  writeTable,
} from "./kernel-instance.ts";
import { fileMacAt, macMemoryEnd, writeMacKeys } from "./mac-memory.ts";
import type { SubkeySource } from "./mac-subkeys.ts";
import { linePieceSizes } from "./piece-rules.ts";
import { fileMacBytes, pieceEndCount, pieceMacBytes, piecesBufferBytes, type Pieces } from "./pieces.ts";

/** Bytes behind the buffer that the kernel reads, though they do not count. */
const slackBytes = 32;

/**
 * Pieces in WebAssembly, with a memory of their own.
 *
 * @throws what the engine throws when WebAssembly or its SIMD is not there, not allowed, or out of
 *   memory
 */
export function kernelPieces(subkeys: SubkeySource): Pieces {
  const { minBytes, fullBytes, maxBytes } = linePieceSizes;
  const kernel = instantiateKernel();
  const { memory } = kernel;
  const endsAt = macMemoryEnd;
  const macsAt = roundUp(endsAt + 4 * pieceEndCount, pieceMacBytes);
  const bufferAt = roundUp(macsAt + pieceMacBytes * pieceEndCount, memoryPageBytes);
  memory.grow(Math.ceil((bufferAt + piecesBufferBytes + slackBytes) / memoryPageBytes) - 1);
  writeTable(memory, gearTable());
  const piecesKernel = instantiatePiecesKernel(memory);
  writeMacKeys(memory, subkeys);
  return {
    buffer: new Uint8Array(memory.buffer, bufferAt, piecesBufferBytes),
    ends: new Uint32Array(memory.buffer, endsAt, pieceEndCount),
    macs: new Uint8Array(memory.buffer, macsAt, pieceMacBytes * pieceEndCount),
    findGear: (length, rule) =>
      kernel.fastcdc(
        bufferAt,
        length,
        endsAt,
        rule.minBytes,
        rule.averageBytes,
        rule.maxBytes,
        rule.strict,
        rule.loose,
      ),
    findLines: (length) => piecesKernel.lines(bufferAt, length, endsAt, minBytes, fullBytes, maxBytes),
    hash: (count) => piecesKernel.pieces(bufferAt, endsAt, count, macsAt),
    update: (from, to) => piecesKernel.update(bufferAt + from, bufferAt + to),
    digest() {
      piecesKernel.digest(fileMacAt);
      return new Uint8Array(memory.buffer, fileMacAt, fileMacBytes).slice();
    },
  };
}

function roundUp(number: number, multiple: number): number {
  return Math.ceil(number / multiple) * multiple;
}
