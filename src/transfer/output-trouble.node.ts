import { SyncError } from "../errors.ts";
import { wrapPipeError } from "../transport/node-stream.node.ts";
import { fileTrouble } from "../tree/disk/calls/file-trouble.node.ts";

/**
 * What a failed write to standard output or standard error means: PEER_GONE when nobody reads it
 * any more.
 */
export function outputTrouble(descriptor: 1 | 2, thrown: unknown): SyncError {
  const name = descriptor === 1 ? "standard output" : "standard error";
  if (wrapPipeError(thrown).code === "PEER_GONE")
    return new SyncError("PEER_GONE", `${name} was closed`, { cause: thrown });
  const { code, message } = fileTrouble(thrown, "");
  return new SyncError(code, `${name}: ${message}`, { cause: thrown });
}
