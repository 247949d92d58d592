import { SyncError } from "../errors.ts";
import type { ChunkReader } from "../store/store.ts";
import { channelOf } from "../transport/channel.ts";
import { childProcessDuplex } from "../transport/child-process.node.ts";
import { pulledChunks, type PulledChunksOptions } from "./pulled-chunks.ts";

/**
 * The store that `ssh://[USER@]HOST/PATH` stands for, by casync or desync at the other end. The
 * environment says what to run: `CASYNC_SSH_PATH` in the place of ssh, `CASYNC_REMOTE_PATH` in that
 * of casync over there.
 *
 * @throws USAGE for a URL that names no host and path
 */
export function sshChunks(url: string, options: PulledChunksOptions = {}): ChunkReader {
  const [, user, host, port, path] = /^ssh:\/\/([^@/]+@)?([^@/:]+)(?::(\d+))?(\/.*)$/.exec(url) ?? [];
  // What begins with a dash would be an option of ssh.
  const target = `${user ?? ""}${host ?? ""}`;
  if (host === undefined || target.startsWith("-"))
    throw new SyncError("USAGE", `not a store over ssh: "${url}"`);
  const ssh = process.env["CASYNC_SSH_PATH"] ?? "ssh";
  const remote = process.env["CASYNC_REMOTE_PATH"] ?? "casync";
  const command = `${remote} pull - - - '${path!.replaceAll("'", `'\\''`)}'`;
  const args = [...(port === undefined ? [] : ["-p", port]), target, command];
  return pulledChunks(channelOf(childProcessDuplex(ssh, args)), options);
}
