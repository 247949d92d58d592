import { cafsSpec } from "./cutter-specs.ts";
import type { CutterSpec } from "./cutter.ts";
import { gearRule } from "./fastcdc-finder.ts";
import { bufferBytesOf, endCountOf, type Finder } from "./finder.ts";
import { gearTable } from "./gear.ts";
import { kernelBase64 } from "./kernel.ts";

interface Kernel {
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
}

const pageBytes = 65536;
const gearBytes = 1024;

let compiled: WebAssembly.Module | undefined;

/**
 * A rolling rule in WebAssembly, with a memory of its own.
 *
 * @throws what the engine throws when WebAssembly is not there, not allowed, or out of memory
 */
export function kernelFinder(spec: CutterSpec): Finder {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(kernelBase64), (char) => char.charCodeAt(0)));
  const kernel = new WebAssembly.Instance(compiled).exports as unknown as Kernel;
  const { memory } = kernel;

  const endCount = endCountOf(spec);
  const bufferBytes = bufferBytesOf(spec);
  const endsAt = gearBytes;
  const bufferAt = Math.ceil((endsAt + 4 * endCount) / pageBytes) * pageBytes;
  memory.grow(Math.ceil((bufferAt + bufferBytes) / pageBytes) - 1);

  return {
    buffer: new Uint8Array(memory.buffer, bufferAt, bufferBytes),
    ends: new Uint32Array(memory.buffer, endsAt, endCount),
    find: spec.name === cafsSpec.name ? findCafs() : findFastcdc(),
  };

  function findCafs(): Finder["find"] {
    return (length) => kernel.cafs(bufferAt, length, endsAt);
  }

  function findFastcdc(): Finder["find"] {
    new Int32Array(memory.buffer, 0, 256).set(gearTable());
    const { minBytes, averageBytes, maxBytes, strict, loose } = gearRule(spec);
    return (length) =>
      kernel.fastcdc(bufferAt, length, endsAt, minBytes, averageBytes, maxBytes, strict, loose);
  }
}
