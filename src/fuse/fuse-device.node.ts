import { closeSync, read, writevSync } from "node:fs";
import { concatBytes } from "../bytes/compare.ts";
import { errnoOf } from "../bytes/errno.node.ts";
import { ioError } from "../store/io-error.node.ts";
import type { Bytes } from "../types.ts";
import { fuseBytes } from "./fuse-numbers.ts";
import type { FuseLine } from "./fuse-session.ts";

/**
 * Reads that wait for the kernel at a time. Each takes one of the four threads in which Node reads
 * files; with two, one can wait while the other's request is looked at.
 */
const readerCount = 2;

/** What a read ends with when nothing more is going to come: the file system is unmounted. */
const endErrnos = new Set(["ENODEV", "ENOTCONN"]);
/** What means nothing: the request is gone, or somebody was woken for nothing. */
const idleErrnos = new Set(["ENOENT", "EINTR", "EAGAIN"]);

/** Parts that the system writes at a time; an answer is to be one write. */
const maxPartCount = 1024;

/** The line to the kernel by a descriptor of `/dev/fuse`, which is closed at the end. */
export function fuseDevice(fd: number): FuseLine {
  let isClosed = false;

  function listenOnce(take: (message: Bytes) => void): Promise<void> {
    const buffer = new Uint8Array(fuseBytes.request);
    return new Promise((resolve, reject) => {
      const next = (): void => read(fd, buffer, 0, buffer.length, null, taken);
      const taken = (error: NodeJS.ErrnoException | null, count: number): void => {
        const errno = error && errnoOf(error);
        if (errno && endErrnos.has(errno)) return resolve();
        if (error && !idleErrnos.has(errno!)) return reject(ioError(error, "/dev/fuse"));
        if (!error && count === 0) return resolve();
        try {
          if (!error) take(buffer.subarray(0, count));
        } catch (thrown) {
          return reject(thrown as Error);
        }
        next();
      };
      next();
    });
  }

  return {
    async listen(take) {
      try {
        await Promise.all(Array.from({ length: readerCount }, () => listenOnce(take)));
      } finally {
        isClosed = true;
        closeSync(fd);
      }
    },
    send(parts) {
      if (isClosed) return;
      try {
        writevSync(fd, parts.length > maxPartCount ? [concatBytes(parts)] : (parts as Uint8Array[]));
      } catch (thrown) {
        // Who asked may be gone, or all of it unmounted.
        const errno = errnoOf(thrown);
        if (errno === undefined || !(endErrnos.has(errno) || idleErrnos.has(errno)))
          throw ioError(thrown, "/dev/fuse");
      }
    },
  };
}
