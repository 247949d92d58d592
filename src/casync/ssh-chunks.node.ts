import { escapeText } from "../bytes/escaped-text.ts";
import { SyncError } from "../errors.ts";
import { requestLimits } from "../bucket/requests.ts";
import { sha256Digest } from "../chunk/digest.ts";
import type { ChunkReader } from "../store/store.ts";
import { type ByteChannel, channelOf } from "../transport/channel.ts";
import { childProcessDuplex } from "../transport/child-process.node.ts";
import { RemoteWords } from "../transport/remote-words.node.ts";
import { SftpClient } from "./sftp-client.ts";
import { pulledChunks, type PulledChunksOptions } from "./pulled-chunks.ts";

/** What takes the command lines of desync here and, where it is installed, elsewhere. */
const ownProgram = "rsync-stream-desync";

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

const shellPlace = /^((?:[^:/@]+@)?(?:\[[^\]/]+\]|[^:/[\]]+)):(?!\/\/)(.*)$/s;

/**
 * True for `[USER@]HOST:PATH`, as rsync and casync tell it from a path: by a `:` before the first
 * `/`. On Windows one letter before it is a drive.
 */
export function isShellPlace(place: string, platform: NodeJS.Platform = process.platform): boolean {
  if (platform === "win32" && /^[a-z]:/i.test(place)) return false;
  return shellPlace.test(place);
}

/** @throws USAGE for a host that is none */
function shellPlaceOf(text: string): SshPlace {
  const [, host = "", path = ""] = shellPlace.exec(text) ?? [];
  if (host === "" || host.startsWith("-") || /\s/.test(host))
    throw new SyncError("USAGE", `not a host: "${host}"; a store with a : in its name is written ./${text}`);
  // What begins with a dash would be an option over there.
  const there = path === "" ? "." : path.startsWith("-") ? `./${path}` : path;
  return { target: [host.replaceAll(/[[\]]/g, "")], path: there };
}

/** Options by which ssh ends where nobody answers: at first, and later in three times as long. */
const bounded = [
  `-oConnectTimeout=${requestLimits.connectMs / 1000}`,
  `-oServerAliveInterval=${requestLimits.connectMs / 1000}`,
];

/**
 * Runs ssh, or what `CASYNC_SSH_PATH` names in its place, which is told of no limits. What it says
 * is told, or else the reason of its failure.
 */
function ssh(args: readonly string[]) {
  const words = new RemoteWords({ onText: (line) => void process.stderr.write(`${escapeText(line)}\n`) });
  const other = process.env["CASYNC_SSH_PATH"];
  const line = other === undefined ? [...bounded, ...args] : args;
  return channelOf(childProcessDuplex(other ?? "ssh", line, { words }));
}

/**
 * The store that `ssh://[USER@]HOST/PATH` stands for, by casync or desync at the other end, or
 * `[USER@]HOST:PATH`, by this library there. The environment says what to run: `CASYNC_SSH_PATH` in
 * the place of ssh, `CASYNC_REMOTE_PATH` in that of the program over there.
 *
 * @throws USAGE for a place that names no host and path
 */
export function sshChunks(place: string, options: PulledChunksOptions = {}): ChunkReader {
  const isOurs = isShellPlace(place);
  const { target, path } = isOurs ? shellPlaceOf(place) : sshPlaceOf(place);
  const own = options.digest?.name === sha256Digest.name ? `${ownProgram} --digest sha256` : ownProgram;
  const remote = process.env["CASYNC_REMOTE_PATH"] ?? (isOurs ? own : "casync");
  return pulledChunks(ssh([...target, `${remote} pull - - - ${quoted(path)}`]), options);
}

/**
 * Connects to what takes an index and its chunks at another host, to push by casync's remote
 * protocol. The environment says what to run, as for `sshChunks`; casync unless given.
 *
 * @param index where it is kept over there, as `[USER@]HOST:PATH`
 * @param store where its chunks are left, at the same host
 * @throws USAGE for places that are not such
 */
export function connectPush(index: string, store: string): ByteChannel {
  if (!isShellPlace(index) || !isShellPlace(store))
    throw new SyncError("USAGE", "an index is pushed to HOST:INDEX and HOST:STORE");
  const [to, beside] = [shellPlaceOf(index), shellPlaceOf(store)];
  if (to.target.join(" ") !== beside.target.join(" "))
    throw new SyncError("USAGE", "an index and its store have to be at the same host");
  const remote = process.env["CASYNC_REMOTE_PATH"] ?? "casync";
  return ssh([...to.target, `${remote} push - - ${quoted(to.path)} ${quoted(beside.path)}`]);
}

/** A word for the shell over there. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
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
