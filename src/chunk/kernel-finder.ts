import { cafsSpec } from "./cutter-specs.ts";
import type { CutterSpec } from "./cutter.ts";
import { gearRule } from "./fastcdc-finder.ts";
import { bufferBytesOf, endCountOf, type Finder } from "./finder.ts";
import { gearBytes, instantiateKernel, memoryPageBytes, writeGearTable } from "./kernel-instance.ts";

/**
 * A rolling rule in WebAssembly, with a memory of its own.
 *
 * @throws what the engine throws when WebAssembly is not there, not allowed, or out of memory
 */
export function kernelFinder(spec: CutterSpec): Finder {
  const kernel = instantiateKernel();
  const { memory } = kernel;

  const endCount = endCountOf(spec);
  const bufferBytes = bufferBytesOf(spec);
  const endsAt = gearBytes;
  const bufferAt = Math.ceil((endsAt + 4 * endCount) / memoryPageBytes) * memoryPageBytes;
  memory.grow(Math.ceil((bufferAt + bufferBytes) / memoryPageBytes) - 1);

  return {
    buffer: new Uint8Array(memory.buffer, bufferAt, bufferBytes),
    ends: new Uint32Array(memory.buffer, endsAt, endCount),
    find: spec.name === cafsSpec.name ? findCafs() : findFastcdc(),
  };

  function findCafs(): Finder["find"] {
    return (length) => kernel.cafs(bufferAt, length, endsAt);
  }

  function findFastcdc(): Finder["find"] {
    writeGearTable(memory);
    const { minBytes, averageBytes, maxBytes, strict, loose } = gearRule(spec);
    return (length) =>
      kernel.fastcdc(bufferAt, length, endsAt, minBytes, averageBytes, maxBytes, strict, loose);
  }
}
