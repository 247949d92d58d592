import type { Socket } from "node:net";

const told = Buffer.from("HTTP/1.1 100 ");
const end = "\r\n\r\n";
/** Bytes of one `100 Continue`; what is longer is none. */
const longestBytes = 4096;

/**
 * Passes over `100 Continue` before answers. A server may send it though nobody waits for it
 * (RFC 9110, 15.2.1), and the client then takes the connection for broken.
 *
 * @param socket that the client reads by its `read` alone, with one request at a time under way
 */
export function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket) as (sizeBytes?: number) => Buffer | null;
  /** What may become a `100 Continue`. */
  let begun: Buffer | undefined;
  let writtenBytes = -1;

  function next(): Buffer | null {
    const part = read();
    if (part === null) return null;
    // An answer begins behind what was written last.
    const isFirst = socket.bytesWritten !== writtenBytes;
    writtenBytes = socket.bytesWritten;
    if (!isFirst && begun === undefined) return part;
    const known = begun === undefined ? part : Buffer.concat([begun, part]);
    begun = undefined;
    return restOf(known);
  }

  /** What of an answer's beginning is for the client; null while that is not known. */
  function restOf(known: Buffer): Buffer | null {
    let rest = known;
    while (isContinue(rest)) {
      const at = rest.indexOf(end);
      if (at < 0 && rest.length > longestBytes) return rest;
      if (at < 0) {
        begun = rest;
        return next();
      }
      rest = rest.subarray(at + end.length);
      writtenBytes = -1;
    }
    if (rest.length === 0) return next();
    writtenBytes = socket.bytesWritten;
    return rest;
  }

  // Of its own accord a socket reads nothing, by a size of 0.
  socket.read = (sizeBytes?: number) => (sizeBytes === undefined ? next() : read(sizeBytes));
}

/** True for what is a `100 Continue`, or may become one. */
function isContinue(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, told.length);
  return length > 0 && told.compare(bytes, 0, length, 0, length) === 0;
}
