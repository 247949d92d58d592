import fs from "node:fs";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** Calls for files that are open, which do not hold up the process. */

/** Reads so many bytes. @throws CHANGED when the file ends before */
export async function readAt(fd: number, offset: number, length: number): Promise<Bytes> {
  const bytes = new Uint8Array(Math.max(0, length));
  for (let done = 0; done < bytes.length;) {
    const count = await called<number>((end) =>
      fs.read(fd, bytes, done, bytes.length - done, offset + done, end),
    );
    if (count === 0) throw new SyncError("CHANGED", "the file became shorter while it was read");
    done += count;
  }
  return bytes;
}

/** Writes all of it. A file system that gets full takes a part first, and says so only then. */
export async function writeAt(fd: number, bytes: Bytes, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += await called<number>((end) => fs.write(fd, bytes, done, bytes.length - done, offset + done, end));
}

/** Waits until the content of a file is on its medium. */
export async function syncContent(fd: number): Promise<void> {
  await called<void>((end) => fs.fdatasync(fd, end));
}

async function called<Result>(
  call: (end: (error: Error | null, result: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}
