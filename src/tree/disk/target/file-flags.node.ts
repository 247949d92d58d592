import { errnoOf } from "../../../bytes/errno.node.ts";
import { SyncError } from "../../../errors.ts";
import { fromByteString, type ByteString } from "../calls/byte-string.node.ts";
import { findLibc } from "../calls/libc.node.ts";
import { statxRoomWords } from "../calls/statx-view.node.ts";

/** Flags of files that keep root, too, from changing them: bits of statx(2), by what sets them. */
const flags = [
  [0x10, "immutable (chattr +i)"],
  [0x20, "append-only (chattr +a)"],
] as const;

const AT_FDCWD = -100;
const attributesWord = 2;

/**
 * The trouble with a path, with the flag that is the reason where the system did not permit
 * something. Only the words depend on that look, so it goes by the path.
 *
 * @param rootPath the path of the destination, and the path of what is in trouble below it
 */
export function withFlags(error: SyncError, rootPath: ByteString, path: string): SyncError {
  if (errnoOf(error.cause) !== "EPERM") return error;
  const place = Buffer.concat([fromByteString(`${rootPath}/`), Buffer.from(path)]);
  const dir = place.subarray(0, Math.max(1, place.lastIndexOf(0x2f)));
  const [own, around] = [flagOf(place), flagOf(dir)];
  if (own === undefined && around === undefined) return error;
  const reason = own === undefined ? `the directory is ${around}` : `it is ${own}`;
  return new SyncError(error.code, `${error.message}; ${reason}`, error);
}

function flagOf(place: Buffer): string | undefined {
  const words = new Uint32Array(statxRoomWords);
  try {
    if (findLibc()?.statx?.(AT_FDCWD, Buffer.concat([place, Buffer.of(0)]), words) !== true) return undefined;
  } catch {
    return undefined; // it is the trouble itself that is told
  }
  const attributes = words[attributesWord]!;
  return flags.find(([bit]) => (attributes & bit) !== 0)?.[1];
}
