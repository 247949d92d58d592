import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SyncError } from "../errors.ts";
import { fileTrouble } from "../tree/file-trouble.node.ts";
import type { Bytes } from "../types.ts";
import { writeFully } from "./file-blocks.ts";

/** @throws USAGE for a path that cannot be that of a file */
export function checkReplaceable(path: string): void {
  if (path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new SyncError("USAGE", "the destination has to be a file", { detail: { path } });
  }
}

/**
 * Writes a file under another name and gives it this one when all of it is there. It takes on the permissions
 * of the file that it replaces; that one stays when the content ends in an error.
 *
 * @throws NO_SPACE, IO, and what the content throws
 */
export async function replaceFile(path: string, content: AsyncIterable<Bytes>): Promise<void> {
  const incomplete = join(dirname(path), `.rsync-stream-${randomUUID()}`);
  try {
    const file = await open(incomplete, "wx", 0o666);
    try {
      const old = statSync(path, { throwIfNoEntry: false });
      if (old !== undefined) await file.chmod(old.mode & 0o777);
      for await (const bytes of content) await writeFully(file, bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(incomplete, path);
  } catch (thrown) {
    await rm(incomplete, { force: true });
    throw fileTrouble(thrown, path);
  }
}
