import type { CutterSpec } from "./cutter.ts";
import { bufferBytesOf, endCountOf, type Finder } from "./finder.ts";

/** Cuts after every `maxBytes` bytes. */
export function fixedFinder(spec: CutterSpec): Finder {
  const ends = new Uint32Array(endCountOf(spec));
  return {
    buffer: new Uint8Array(bufferBytesOf(spec)),
    ends,
    find(length) {
      const count = Math.floor(length / spec.maxBytes);
      for (let i = 0; i < count; i++) ends[i] = (i + 1) * spec.maxBytes;
      return count;
    },
  };
}
