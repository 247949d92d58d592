/** Shapes that every room shares. Nothing here runs. */

/**
 * A run of bytes. Never a Buffer in a signature, though a Buffer may be passed where one is read.
 */
export type Bytes = Uint8Array;

/** Anything that can be sent through and read from: the shape of every transport's door. */
export interface Duplex {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Every call that waits takes one of these; it rejects with the signal's reason. */
export interface AbortOptions {
  readonly signal?: AbortSignal;
}
