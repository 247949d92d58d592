import fs from "node:fs";
import { closingAfter, closingOnFailure } from "../../../bytes/closing.ts";
import { checkCopy, copyContent } from "../calls/copy-content.node.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import { firstMode } from "../facts/metadata.node.ts";
import type { PlannedFile } from "./planned-files.node.ts";
import { putOverDir } from "./replacements.node.ts";
import { writeInPlace } from "./write-in-place.node.ts";
import type { Staging } from "./staging.node.ts";
import type { StagingRoom } from "./staging-room.node.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;
/** Makes a file that is not there yet, open for writing and reading. */
export const newFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;

/** What a file needs to get its name. */
interface PutTools {
  readonly held: HeldDirs;
  readonly staging: Staging;
  readonly metadata: MetadataSetters;
}

/** Sets the metadata of an open file that has a temporary name. */
type Dress = (fd: number, temp: NameIn) => void;

/**
 * Gives a file that is complete its name. When a directory is in the way that is not empty, returns
 * the temporary name under which it waits.
 *
 * @param dress sets the metadata of a copy, where the name can only be given to one
 */
export function putFile(tools: PutTools, plan: PlannedFile, temp: NameIn, dress: Dress): NameIn | undefined {
  try {
    return renameFrom(tools, plan, temp) ? undefined : temp;
  } catch (thrown) {
    if (!isErrno(thrown, "EXDEV")) throw thrown;
    const move = (room: StagingRoom): NameIn | undefined => moveAcross(tools, plan, temp, dress, room);
    const { dir, there } = plan;
    return there?.kind === "dir" ? move(tools.staging.inside(dir)) : tools.staging.besides(dir, move);
  }
}

function renameFrom({ held }: PutTools, { dir, name, there }: PlannedFile, temp: NameIn): boolean {
  if (there?.kind === "dir") return putOverDir(held, temp, dir, name);
  held.rename(temp.dir, temp.name, dir, name);
  return true;
}

/** No rename leads into the directory: the last step starts from a copy in a room inside it. */
function moveAcross(
  tools: PutTools,
  plan: PlannedFile,
  temp: NameIn,
  dress: Dress,
  room: StagingRoom,
): NameIn | undefined {
  const { held, metadata, staging } = tools;
  const { dir, name } = plan;
  const copy = room.newName(dir, name);
  const to = held.open(copy.dir, copy.name, newFlags, firstMode(plan));
  const copyAll = (): void => {
    copyContent(held, temp, to);
    fs.ftruncateSync(to, plan.size); // zeros at the end were not written
    dress(to, copy);
  };
  const put = (): boolean => {
    closingAfter(copyAll, () => fs.closeSync(to));
    checkCopy(held, temp, copy);
    metadata.in(dir).setNamed(held, copy, plan);
    return renameFrom(tools, plan, copy);
  };
  const isPut = closingOnFailure(put, () => staging.remove(copy));
  staging.remove(temp);
  return isPut ? undefined : copy;
}

/**
 * Writes the content of a file that is complete into the one that is there, which keeps what it is:
 * its further names, and what nobody here knows of.
 *
 * @param isDurable true to wait for the medium
 */
export function putInto(tools: PutTools, plan: PlannedFile, temp: NameIn, isDurable: boolean): void {
  const { held, staging, metadata } = tools;
  writeInPlace(held, temp, plan, plan.there!, (fd) => {
    metadata.in(plan.dir).setAt(held.nameAt(plan.dir, plan.name), lookAtHandle(fd), plan);
    if (isDurable) fs.fsyncSync(fd);
  });
  staging.remove(temp);
}
