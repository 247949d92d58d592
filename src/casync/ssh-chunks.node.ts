import { SyncError } from "../errors.ts";
import type { ChunkReader } from "../store/store.ts";
import { channelOf } from "../transport/channel.ts";
import { childProcessDuplex } from "../transport/child-process.node.ts";
import { SftpClient } from "./sftp-client.ts";
import { pulledChunks, type PulledChunksOptions } from "./pulled-chunks.ts";

/** What a URL of `ssh:` or `sftp:` names. */
interface SshPlace {
  /** What ssh is told of whom to connect to. */
  readonly target: readonly string[];
  readonly path: string;
}

/** @throws USAGE for a URL that names no host and path */
function sshPlaceOf(url: string): SshPlace {
  const [, user, host, port, path] = /^s(?:sh|ftp):\/\/([^@/]+@)?([^@/:]+)(?::(\d+))?(\/.*)$/.exec(url) ?? [];
  // What begins with a dash would be an option of ssh.
  const target = `${user ?? ""}${host ?? ""}`;
  if (host === undefined || target.startsWith("-"))
    throw new SyncError("USAGE", `not a store over ssh: "${url}"`);
  return { target: [...(port === undefined ? [] : ["-p", port]), target], path: path! };
}

/** Runs ssh, or what `CASYNC_SSH_PATH` names in its place. */
function ssh(args: readonly string[]) {
  return channelOf(childProcessDuplex(process.env["CASYNC_SSH_PATH"] ?? "ssh", args));
}

/**
 * The store that `ssh://[USER@]HOST/PATH` stands for, by casync or desync at the other end. The
 * environment says what to run: `CASYNC_SSH_PATH` in the place of ssh, `CASYNC_REMOTE_PATH` in that
 * of casync over there.
 *
 * @throws USAGE for a URL that names no host and path
 */
export function sshChunks(url: string, options: PulledChunksOptions = {}): ChunkReader {
  const { target, path } = sshPlaceOf(url);
  const remote = process.env["CASYNC_REMOTE_PATH"] ?? "casync";
  const command = `${remote} pull - - - '${path.replaceAll("'", `'\\''`)}'`;
  return pulledChunks(ssh([...target, command]), options);
}

/**
 * The files that `sftp://[USER@]HOST/PATH` stands for, and the path. `CASYNC_SSH_PATH` is run in
 * the place of ssh.
 *
 * @throws USAGE for a URL that names no host and path
 */
export function connectSftp(url: string): { readonly client: SftpClient; readonly path: string } {
  const { target, path } = sshPlaceOf(url);
  return { client: new SftpClient(ssh(["-s", ...target, "sftp"])), path };
}
