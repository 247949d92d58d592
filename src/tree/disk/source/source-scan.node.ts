import fs from "node:fs";
import { closingAfter, closingBehind } from "../../../bytes/closing.ts";
import { Pause } from "../../../bytes/pause.node.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import { scanBatch, type ScanEnd, type ScanVisitor } from "../../scan.ts";
import { printPlace } from "../calls/dir-node.node.ts";
import { readFully } from "../calls/file-cut.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { changed, compareWithListed, openSourceFile, type SourceFile } from "./source-file.node.ts";

/** Reads files of a source whole, one after another. */
export async function* scanFiles(
  held: HeldDirs,
  files: readonly SourceFile[],
  room: Bytes,
  visitor: ScanVisitor<SourceFile>,
  { signal }: AbortOptions,
): AsyncGenerator<void> {
  const pause = new Pause(signal);
  const batch = { bytes: 0, count: 0 };
  for (const file of files) {
    for (let again = true; again;) {
      if (file.size <= room.length) {
        again = visitor.end(file, readSmall(held, file, room, visitor));
        batch.bytes += file.size;
        continue;
      }
      const reading = readFile(held, file, room, visitor);
      let step = reading.next();
      for (; step.done !== true; step = reading.next()) {
        batch.bytes += step.value;
        if (pause.due()) await pause.take();
        if (batch.bytes < scanBatch.bytes) continue;
        yield;
        Object.assign(batch, { bytes: 0, count: 0 });
      }
      again = visitor.end(file, step.value);
    }
    batch.count += 1;
    if (pause.due()) await pause.take();
    if (batch.bytes < scanBatch.bytes && batch.count < scanBatch.count) continue;
    yield;
    Object.assign(batch, { bytes: 0, count: 0 });
  }
}

/** Reads a file of one block. It is checked when that was read, and only then. */
function readSmall(held: HeldDirs, file: SourceFile, room: Bytes, visitor: ScanVisitor<SourceFile>): ScanEnd {
  try {
    const fd = openSourceFile(held, file);
    const read = (): ScanEnd => {
      if (readFully(fd, room.subarray(0, file.size), 0) < file.size) throw changed(file);
      visitor.block(file, file.size, true);
      return compareWithListed(fd, file) === "grown" ? "grown" : "complete";
    };
    return closingAfter(read, () => fs.closeSync(fd));
  } catch (thrown) {
    return fileTrouble(thrown, printPlace(file.dir, file.name));
  }
}

/** Reads a longer one; yields the bytes of each block when it was visited. */
function* readFile(
  held: HeldDirs,
  file: SourceFile,
  room: Bytes,
  visitor: ScanVisitor<SourceFile>,
): Generator<number, ScanEnd> {
  try {
    const fd = openSourceFile(held, file);
    return yield* closingBehind(readBlocks(fd, file, room, visitor), () => fs.closeSync(fd));
  } catch (thrown) {
    return fileTrouble(thrown, printPlace(file.dir, file.name));
  }
}

function* readBlocks(
  fd: number,
  file: SourceFile,
  room: Bytes,
  visitor: ScanVisitor<SourceFile>,
): Generator<number, ScanEnd> {
  compareWithListed(fd, file);
  for (let at = 0, isLast = false; !isLast;) {
    const wanted = Math.min(room.length, file.size - at);
    const filled = readFully(fd, room.subarray(0, wanted), at);
    if (filled < wanted) throw changed(file);
    isLast = at + filled === file.size;
    const taken = visitor.block(file, filled, isLast);
    at += taken;
    yield taken;
  }
  return compareWithListed(fd, file) === "grown" ? "grown" : "complete";
}
