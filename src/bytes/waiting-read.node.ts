import fs from "node:fs";

const listeners = new Map<NodeJS.Signals, () => void>();

/** Calls a listener at a signal that ends this process unless somebody listens. */
export function onEndingSignal(name: NodeJS.Signals, listener: () => void): void {
  listeners.set(name, listener);
  process.on(name, listener);
}

/**
 * Reads a file, a pipe or standard input to its end, before anything else is begun. Whoever writes
 * to a pipe may take long, and no listener is called meanwhile: so such signals end the process.
 */
export function readToEnd(file: fs.PathOrFileDescriptor): Buffer {
  for (const [name, listener] of listeners) process.off(name, listener);
  try {
    return fs.readFileSync(file);
  } finally {
    for (const [name, listener] of listeners) process.on(name, listener);
  }
}
