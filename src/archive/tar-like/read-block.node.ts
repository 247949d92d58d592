import fs from "node:fs";
import { join } from "node:path";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { md5Of } from "../../bucket/content-digest.node.ts";
import { readAt } from "../../bucket/open-file.node.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { failureOfFile } from "../telling-path.node.ts";
import type { Block, BlockPart } from "./cut-blocks.ts";

/**
 * The content of a block: files are read below a directory, links followed.
 *
 * @throws CHANGED for a file that is not what the table tells, NOT_FOUND, IO
 */
export async function readBlock(root: string, { bytes, parts }: Block): Promise<Bytes> {
  const content = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    const piece = await readPart(root, part).catch((thrown: unknown) => {
      throw failureOfFile(thrown, part.file.path);
    });
    content.set(piece, at);
    at += piece.length;
  }
  return content;
}

async function readPart(root: string, { file, from, to }: BlockPart): Promise<Bytes> {
  // A pipe would keep us waiting for whoever writes to it.
  const fd = fs.openSync(pathOf(join(root, file.path)), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const stats = fs.fstatSync(fd);
    if (!stats.isFile() || stats.size !== file.size) throw changed();
    const content = await readAt(fd, from, to - from);
    if (content.length === file.size && file.md5 !== undefined && file.md5 !== md5Of(content))
      throw changed();
    return content;
  } finally {
    fs.closeSync(fd);
  }
}

function changed(): SyncError {
  return new SyncError("CHANGED", "the file is not what the table tells");
}
