/** How the vector files describe their inputs; see test/vectors/cafs/README.md. */
export type InputSpec =
  | { readonly kind: "const"; readonly byte: number; readonly size: number }
  | { readonly kind: "linear"; readonly mul: number; readonly add: number; readonly size: number }
  | { readonly kind: "xs32"; readonly seed: number; readonly size: number }
  | { readonly kind: "hex"; readonly hex: string }
  | { readonly kind: "repeat"; readonly of: InputSpec; readonly times: number }
  | { readonly kind: "concat"; readonly parts: readonly InputSpec[] }
  | { readonly kind: "slice"; readonly of: InputSpec; readonly from: number; readonly to: number };

/** The bytes that a description stands for. */
export function inputBytes(spec: InputSpec): Uint8Array {
  switch (spec.kind) {
    case "const":
      return new Uint8Array(spec.size).fill(spec.byte);
    case "linear":
      return Uint8Array.from({ length: spec.size }, (_, i) => spec.mul * i + spec.add);
    case "xs32":
      return xorshiftBytes(spec.seed, spec.size);
    case "hex":
      return Uint8Array.from(spec.hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    case "repeat":
      return join(Array.from({ length: spec.times }, () => inputBytes(spec.of)));
    case "concat":
      return join(spec.parts.map(inputBytes));
    case "slice":
      return inputBytes(spec.of).slice(spec.from, spec.to);
  }
}

/**
 * Pseudo-random bytes: the low byte of each state of a 32-bit xorshift generator. `seed` is never
 * 0.
 */
export function xorshiftBytes(seed: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let x = seed;
  for (let i = 0; i < size; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The bytes in one block of memory that is filled again and again. */
export async function* lentBlocks(bytes: Uint8Array, blockBytes = 100_000): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(blockBytes);
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const part = bytes.subarray(at, at + blockBytes);
    block.set(part);
    yield block.subarray(0, part.length);
  }
}
