// In the command this stands for fflate, whose tables take 3 ms to make at every start: Node.js
// from 20.16 on hands out its zlib, and the command needs a newer one.

/** Is never called: `deflate` and `inflate` use node:zlib where it is. */
export function deflateSync(): never {
  throw new Error("node:zlib is not to be had");
}

/** Is never called, like `deflateSync`. */
export function inflateSync(): never {
  throw new Error("node:zlib is not to be had");
}
