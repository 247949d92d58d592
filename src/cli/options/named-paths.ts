import { decodeByteText } from "../../bytes/byte-text.ts";
import { readToEnd } from "../../bytes/waiting-read.node.ts";
import { SyncError } from "../../errors.ts";
import { maxChosenCount } from "../../tree/order/order-fields.ts";
import { readNamedFile } from "./named-file.ts";

/**
 * The paths that a file names, one a line, without those that begin with `#` or `;`.
 *
 * @param isZeroed true where they end in a zero byte, and all are paths
 * @throws NOT_FOUND, IO, LIMIT
 */
export function readNamedPaths(file: string, isZeroed: boolean): readonly string[] {
  const text = decodeByteText(file === "-" ? readToEnd(0) : readNamedFile(file));
  const lines = isZeroed ? text.split("\0") : text.split(/\r?\n|\r/).filter((line) => !/^[#;]/.test(line));
  const paths = lines.filter((line) => line !== "");
  const limit = maxChosenCount;
  if (paths.length <= limit) return paths;
  throw new SyncError("LIMIT", `more than ${limit} paths are named`, { detail: { limit } });
}
