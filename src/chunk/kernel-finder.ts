import { buzhashTable } from "./buzhash-table.ts";
import { casyncRule } from "./casync-finder.ts";
import type { CutterSpec } from "./cutter.ts";
import { gearRule } from "./fastcdc-finder.ts";
import { bufferBytesOf, endCountOf, type Finder } from "./finder.ts";
import { gearTable } from "./gear.ts";
import {
  type Kernel,
  instantiateKernel,
  memoryPageBytes,
  tableBytes,
  tablesBytes,
  writeTable,
} from "./kernel-instance.ts";

/** No rule here makes shorter chunks than its window, but for the last of a blob. */
const leastBytes = 48;

/**
 * A rolling rule in WebAssembly, with a memory of its own.
 *
 * @throws what the engine throws when WebAssembly is not there, not allowed, or out of memory
 */
export function kernelFinder(spec: CutterSpec): Finder {
  const kernel = instantiateKernel();
  const { memory } = kernel;

  const find = finders[spec.name]!;
  const endCount = endCountOf({ ...spec, minBytes: Math.max(spec.minBytes, leastBytes) });
  const bufferBytes = bufferBytesOf(spec);
  const endsAt = tablesBytes;
  const bufferAt = Math.ceil((endsAt + 4 * endCount) / memoryPageBytes) * memoryPageBytes;
  memory.grow(Math.ceil((bufferAt + bufferBytes) / memoryPageBytes) - 1);

  return {
    buffer: new Uint8Array(memory.buffer, bufferAt, bufferBytes),
    ends: new Uint32Array(memory.buffer, endsAt, endCount),
    find: find(kernel, spec, bufferAt, endsAt),
  };
}

/** Ends in the buffer at an address, of which `length` bytes are filled. */
type MakeFind = (kernel: Kernel, spec: CutterSpec, bufferAt: number, endsAt: number) => Finder["find"];

const finders: Readonly<Record<string, MakeFind>> = {
  cafs: (kernel, _, bufferAt, endsAt) => (length) => kernel.cafs(bufferAt, length, endsAt),
  fastcdc(kernel, spec, bufferAt, endsAt) {
    writeTable(kernel.memory, gearTable());
    const { minBytes, averageBytes, maxBytes, strict, loose } = gearRule(spec);
    return (length) =>
      kernel.fastcdc(bufferAt, length, endsAt, minBytes, averageBytes, maxBytes, strict, loose);
  },
  casync(kernel, spec, bufferAt, endsAt) {
    const words = buzhashTable();
    writeTable(kernel.memory, words);
    writeTable(kernel.memory, words.map(rotatedBy16), tableBytes);
    const { minBytes, test } = casyncRule(spec);
    const { inverse, mask, firstQuotient, quotientSpan } = test;
    return (length) =>
      kernel.casync(
        bufferAt,
        length,
        endsAt,
        minBytes,
        spec.maxBytes,
        inverse,
        mask,
        firstQuotient,
        quotientSpan,
      );
  },
};

function rotatedBy16(word: number): number {
  return (word << 16) | (word >>> 16);
}
