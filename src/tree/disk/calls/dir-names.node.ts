import fs from "node:fs";
import { constants } from "node:os";
import { closingAfter } from "../../../bytes/closing.ts";
import type { ByteString, NativePath } from "./byte-string.node.ts";
import { openAt, takesForeignHandles, type NameAt } from "./call-at.node.ts";
import { errnoError, findLibc } from "./libc.node.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

/** What one call fills: some 1600 entries. */
const room = Buffer.alloc(65_536);

/** Where fields of an entry begin, a struct linux_dirent64: see getdents64(2). */
const lengthAt = 16;
const nameAt = 19;

/**
 * Returns the names in a directory, in any order, without `.` and `..`. By the C library it takes
 * two thirds of the time of Node's own call.
 *
 * @param at the name `.` in it
 */
export function namesIn(at: NameAt): ByteString[] {
  const getdents = takesForeignHandles ? findLibc()?.getdents : undefined;
  if (!getdents) return namesByNode(at.path());
  const fd = openAt(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  return closingAfter(
    () => readNames((into) => getdents(fd, into)),
    () => fs.closeSync(fd),
  );
}

function namesByNode(path: NativePath): ByteString[] {
  const names = fs.readdirSync(path, { encoding: "latin1" });
  // Node lists nothing in a directory that was removed while it is held open.
  if (names.length === 0 && process.platform === "linux" && fs.statSync(path).nlink === 0)
    throw errnoError(constants.errno.ENOENT, "scandir");
  return names;
}

function readNames(fill: (into: Uint8Array) => number): ByteString[] {
  const names: ByteString[] = [];
  for (let bytes = fill(room); bytes > 0; bytes = fill(room)) {
    const text = room.toString("latin1", 0, bytes);
    for (let at = 0; at < bytes; at += room.readUInt16LE(at + lengthAt)) {
      const name = text.slice(at + nameAt, text.indexOf("\0", at + nameAt));
      if (name !== "." && name !== "..") names.push(name);
    }
  }
  return names;
}
