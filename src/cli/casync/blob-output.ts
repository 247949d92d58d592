import { randomUUID } from "node:crypto";
import { closeSync, constants, fchmodSync, openSync, statSync } from "node:fs";
import { basename } from "node:path";
import { encodeByteText, pathOf } from "../../bytes/byte-text.node.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import { fileTrouble } from "../../tree/disk/calls/file-trouble.node.ts";
import { checkReplaceable, createIn, openAround, removeFrom } from "../exchange/file-replacement.ts";

const { O_CREAT, O_RDONLY, O_RDWR } = constants;

/** Fills a file: its descriptor, and that of what has its name now, if that is there. */
export type Fill = (fd: number, old: number | undefined) => Promise<void>;

/**
 * Fills a file under another name that gets this one in the end; what has the name before stays
 * when that fails.
 *
 * @throws USAGE, NOT_FOUND, NO_SPACE, IO, and what `fill` throws
 */
export async function fillReplacement(path: string, fill: Fill): Promise<void> {
  checkReplaceable(path);
  const around = openAround(path);
  const incomplete = `.rsync-stream-${randomUUID()}`;
  const replace = async (): Promise<void> => {
    const old = openOld(path);
    try {
      const fd = createIn(around, incomplete, 0o666);
      await closingInTheEnd(
        async () => {
          if (old !== undefined) fchmodSync(fd, statSync(pathOf(path)).mode & 0o777);
          await fill(fd, old);
        },
        async () => closeSync(fd),
      );
      const name = encodeByteText(basename(path)).toString("latin1");
      around.rename(around.root, incomplete, around.root, name);
    } finally {
      if (old !== undefined) closeSync(old);
    }
  };
  await closingInTheEnd(
    () => closingInTheEnd(replace, async () => removeFrom(around, incomplete)),
    async () => around.close(),
  );
}

/**
 * Fills a file or device where it is; what was written stays when that fails. @throws IO, NO_SPACE
 */
export async function fillInPlace(path: string, fill: Fill): Promise<void> {
  const fd = openForFilling(path);
  await closingInTheEnd(
    () => fill(fd, undefined),
    async () => closeSync(fd),
  );
}

function openForFilling(path: string): number {
  try {
    return openSync(pathOf(path), O_RDWR | O_CREAT, 0o666);
  } catch (thrown) {
    throw fileTrouble(thrown, path);
  }
}

function openOld(path: string): number | undefined {
  try {
    return openSync(pathOf(path), O_RDONLY);
  } catch {
    // Not there, or not to be read: then it is no help.
    return undefined;
  }
}
