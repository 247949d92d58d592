import * as fs from "node:fs";
import { join } from "node:path";

/** What a copy holds. */
export interface Contents {
  readonly fileCount: number;
  readonly contentBytes: number;
}

const blockBytes = 1024 * 1024;
const blocks = [Buffer.alloc(blockBytes), Buffer.alloc(blockBytes)] as const;

/**
 * Compares a copy with its source: names, kinds, where links point, and every byte.
 *
 * @throws Error that names the first difference
 */
export function checkCopy(source: string, copy: string): Contents {
  const facts = fs.lstatSync(source);
  const found = fs.lstatSync(copy, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`${copy} is missing`);
  if ((facts.mode & fs.constants.S_IFMT) !== (found.mode & fs.constants.S_IFMT))
    throw new Error(`${copy} is of another kind`);
  if (facts.isSymbolicLink()) {
    if (fs.readlinkSync(source) !== fs.readlinkSync(copy)) throw new Error(`${copy} points elsewhere`);
    return { fileCount: 0, contentBytes: 0 };
  }
  if (facts.isDirectory()) return checkFolder(source, copy);
  if (facts.size !== found.size || !sameBytes(source, copy)) throw new Error(`${copy} has other content`);
  return { fileCount: 1, contentBytes: facts.size };
}

function checkFolder(source: string, copy: string): Contents {
  let fileCount = 0;
  let contentBytes = 0;
  for (const name of fs.readdirSync(source)) {
    const contents = checkCopy(join(source, name), join(copy, name));
    fileCount += contents.fileCount;
    contentBytes += contents.contentBytes;
  }
  return { fileCount, contentBytes };
}

/** True when two files of the same size hold the same. */
export function sameBytes(one: string, other: string): boolean {
  const files = [fs.openSync(one, "r"), fs.openSync(other, "r")] as const;
  try {
    for (;;) {
      const counts = files.map((file, i) => fs.readSync(file, blocks[i]!, 0, blockBytes, null));
      if (counts[0] !== counts[1]) return false;
      if (counts[0] === 0) return true;
      if (blocks[0].compare(blocks[1], 0, counts[0], 0, counts[0]) !== 0) return false;
    }
  } finally {
    files.forEach((file) => fs.closeSync(file));
  }
}
