import { closingInTheEnd } from "../../bytes/closing.ts";
import { randomUUID } from "node:crypto";
import { closeSync, constants, fchmodSync, fsync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { SyncError } from "../../errors.ts";
import { fileTrouble } from "../../tree/disk/calls/file-trouble.node.ts";
import { HeldDirs } from "../../tree/disk/calls/held-dirs.node.ts";
import type { Bytes } from "../../types.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { byteStringOf } from "../../bytes/byte-string.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { encodeByteText } from "../../bytes/byte-text.ts";
import { writeFully } from "./file-blocks.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

/**
 * @throws USAGE for a path that is not that of a file, or of something else; NOT_FOUND without a
 *   directory around it
 */
export function checkReplaceable(path: string): void {
  // Of a link that leads nowhere the link itself is replaced, as one that leads to a file is.
  if (path.endsWith("/") || statsAt(path)?.isFile() === false) {
    throw new SyncError("USAGE", "the destination has to be a file", { detail: { path } });
  }
  if (statsAt(dirname(path))?.isDirectory() !== true) {
    throw new SyncError("NOT_FOUND", "the directory around it does not exist", { detail: { path } });
  }
}

/**
 * Writes a file under another name and gives it this one when all of it is there. It takes on the
 * permissions of the file that it replaces; that one stays when the content ends in an error.
 *
 * @throws NO_SPACE, IO, CHANGED when another directory took the place of the one around it, and
 *   what the content throws
 */
export async function replaceFile(path: string, content: AsyncIterable<Bytes>): Promise<void> {
  const held = openAround(path);
  const incomplete = `.rsync-stream-${randomUUID()}`;
  const replace = (): Promise<void> =>
    closingInTheEnd(
      () => replaceBy(held, incomplete, path, content),
      async () => removeFrom(held, incomplete),
    );
  await closingInTheEnd(replace, async () => held.close());
}

/** The directory around a file, held open. */
export function openAround(path: string): HeldDirs {
  try {
    return new HeldDirs(pathOf(dirname(path)));
  } catch (thrown) {
    throw fileTrouble(thrown, path);
  }
}

/**
 * As `replaceFile`, by a file in the directory around it that stays when the content ends in an
 * error.
 */
export async function replaceBy(
  around: HeldDirs,
  incomplete: string,
  path: string,
  content: AsyncIterable<Bytes>,
): Promise<void> {
  const { root } = around;
  const name = byteStringOf(encodeByteText(basename(path)));
  try {
    const fd = createIn(around, incomplete, 0o666);
    const fill = async (): Promise<void> => {
      const old = statSync(around.at(root, name), { throwIfNoEntry: false });
      if (old !== undefined) fchmodSync(fd, old.mode & 0o777);
      await writeAll(fd, content);
      await promisify(fsync)(fd);
    };
    await closingInTheEnd(fill, async () => closeSync(fd));
    around.rename(root, incomplete, root, name);
    if (!around.isRootInPlace()) throw changed();
  } catch (thrown) {
    throw fileTrouble(thrown, path);
  }
}

/** Makes a file for reading and writing in a directory that is held open. The caller closes it. */
export function createIn(held: HeldDirs, name: string, mode: number): number {
  return held.writeIn(held.root, () =>
    held.open(held.root, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode),
  );
}

/** Removes a file of a directory that is held open, if it is there. */
export function removeFrom(held: HeldDirs, name: string): void {
  held.writeIn(held.root, () => rmSync(held.at(held.root, name), { force: true }));
}

function changed(): SyncError {
  return new SyncError("CHANGED", "another directory took the place of the one around the file");
}

const blockBytes = 1 << 20;

/** Writes what there is, also when the content ends in an error. */
async function writeAll(fd: number, content: AsyncIterable<Bytes>): Promise<void> {
  const block = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  const writeBlocks = async (): Promise<void> => {
    for await (const bytes of content) {
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + block.length - filled);
        block.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < block.length) continue;
        filled = 0;
        await writeFully(fd, block);
      }
    }
  };
  await closingInTheEnd(writeBlocks, () => writeFully(fd, block.subarray(0, filled)));
}
