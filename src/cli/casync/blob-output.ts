import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename } from "node:path";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { byteStringOf } from "../../bytes/byte-string.ts";
import { encodeByteText } from "../../bytes/byte-text.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import { fileTrouble, isErrno } from "../../tree/disk/calls/file-trouble.node.ts";
import type { HeldDirs } from "../../tree/disk/calls/held-dirs.node.ts";
import { type Lock, takeLock } from "../../tree/disk/target/lock.node.ts";
import { checkReplaceable, createIn, openAround, removeFrom } from "../exchange/file-replacement.ts";
import { stemOf } from "../exchange/resumable-file.ts";
import { changeFlags } from "../../bytes/open-flags.node.ts";

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = constants;

/** Fills a file: its descriptor, and that of what has its name now, if that is there. */
export type Fill = (fd: number, old: number | undefined) => Promise<void>;

/**
 * Fills a file under another name that gets this one in the end; what has the name before stays
 * when that fails. What a process that was killed had filled is filled on.
 *
 * @throws USAGE, NOT_FOUND, NO_SPACE, IO, LOCKED while another process does, and what `fill` throws
 */
export async function fillReplacement(path: string, fill: Fill): Promise<void> {
  checkReplaceable(path);
  const around = openAround(path);
  const { root } = around;
  const incomplete = `${stemOf(path)}blob`;
  const replace = async (): Promise<void> => {
    const old = openOld(path);
    try {
      const fd = openIncomplete(around, incomplete);
      await closingInTheEnd(
        async () => {
          if (old !== undefined) fchmodSync(fd, statSync(pathOf(path)).mode & 0o777);
          await fill(fd, old);
        },
        async () => closeSync(fd),
      );
      const name = byteStringOf(encodeByteText(basename(path)));
      around.rename(root, incomplete, root, name);
    } finally {
      if (old !== undefined) closeSync(old);
    }
  };
  const replaceAlone = async (): Promise<void> => {
    const lock = lockBeside(around, path);
    await closingInTheEnd(
      () => closingInTheEnd(replace, async () => removeFrom(around, incomplete)),
      async () => lock.release(),
    );
  };
  await closingInTheEnd(replaceAlone, async () => around.close());
}

function lockBeside(around: HeldDirs, path: string): Lock {
  try {
    return around.writeIn(around.root, () => takeLock(around, around.root, `${stemOf(path)}lock`));
  } catch (thrown) {
    throw fileTrouble(thrown, path);
  }
}

/** Opens what an earlier run left, if it is this user's alone, or a new file. */
function openIncomplete(around: HeldDirs, name: string): number {
  try {
    const fd = around.open(around.root, name, changeFlags);
    const { nlink, uid } = fstatSync(fd);
    if (around.look(around.root, name)?.kind === "file" && nlink === 1 && uid === process.geteuid?.())
      return fd;
    closeSync(fd);
  } catch (thrown) {
    if (!isErrno(thrown)) throw thrown;
  }
  removeFrom(around, name);
  return createIn(around, name, 0o666);
}

/**
 * Fills a file or device where it is; what was written stays when that fails, but no new file with
 * nothing in it. @throws IO, NO_SPACE
 */
export async function fillInPlace(path: string, fill: Fill): Promise<void> {
  const made = makeForFilling(path);
  const fd = made ?? openForFilling(path);
  await closingInTheEnd(
    async () => {
      try {
        await fill(fd, undefined);
      } catch (thrown) {
        if (made !== undefined) removeEmpty(path, made);
        throw thrown;
      }
    },
    async () => closeSync(fd),
  );
}

/** A new file; undefined where there is one, or none can be made. */
function makeForFilling(path: string): number | undefined {
  try {
    return openSync(pathOf(path), O_RDWR | O_CREAT | O_EXCL, 0o666);
  } catch {
    return undefined;
  }
}

function openForFilling(path: string): number {
  try {
    return openSync(pathOf(path), O_RDWR | O_CREAT, 0o666);
  } catch (thrown) {
    throw fileTrouble(thrown, path);
  }
}

/** Removes the file that was made at a path if nothing was written to it. */
function removeEmpty(path: string, fd: number): void {
  const { size, ino, dev } = fstatSync(fd);
  const there = lstatSync(pathOf(path), { throwIfNoEntry: false });
  if (size === 0 && there?.ino === ino && there.dev === dev) unlinkSync(pathOf(path));
}

function openOld(path: string): number | undefined {
  try {
    return openSync(pathOf(path), O_RDONLY);
  } catch {
    // Not there, or not to be read: then it is no help.
    return undefined;
  }
}
