import { lstatSync, mkdirSync, readdirSync, rmSync, type Stats } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoOf } from "../bytes/errno.node.ts";
import { SyncError } from "../errors.ts";
import { type ByteChannel, channelOf } from "../transport/channel.ts";
import { nodeStreamDuplex } from "../transport/node-stream.node.ts";
import { ParallelChannel } from "../transport/parallel/parallel-channel.ts";
import { groupPattern } from "../transport/session-request.ts";

/**
 * The directory of a group of connections at this end of a remote shell. Nobody else may look into
 * it.
 */
function folderOf(group: string): string {
  if (!groupPattern.test(group))
    throw new SyncError("USAGE", "a group of connections is named by 32 digits in hex");
  return join(tmpdir(), `rsync-stream-${group}`);
}

function noSuchGroup(cause?: unknown): SyncError {
  return new SyncError("NOT_FOUND", `no such group of connections in ${tmpdir()}`, { cause });
}

/** Milliseconds after which a group has a socket. */
const settledMs = 60_000;

/** Removes what groups of this user left behind whose process was killed. */
async function sweepGroups(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const [, group] = /^rsync-stream-(.*)$/.exec(name) ?? [];
    if (group === undefined || !groupPattern.test(group)) continue;
    const stats = ownFolder(group);
    if (stats === undefined || Date.now() - stats.mtimeMs < settledMs) continue;
    if (!(await mayLive(group))) rmSync(folderOf(group), { recursive: true, force: true });
  }
}

/** False when it is certain that nobody listens. */
async function mayLive(group: string): Promise<boolean> {
  try {
    (await joinGroup(group)).destroy();
    return true;
  } catch (thrown) {
    return !["ECONNREFUSED", "ENOENT"].includes(errnoOf((thrown as Error).cause) ?? "");
  }
}

/** What is known of the directory of a group, unless it is somebody else's or open to others. */
function ownFolder(group: string): Stats | undefined {
  const stats = lstatSync(folderOf(group), { throwIfNoEntry: false });
  const isOwn =
    stats?.isDirectory() === true && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
  return isOwn ? stats : undefined;
}

/** Bytes of the path of a socket on any system. */
const maxSocketPathBytes = 103;

const socketIn = (folder: string): string => join(folder, "socket");

export interface GroupOptions {
  /** Called when no other connection can join. */
  readonly onAlone?: (error: SyncError) => void;
}

/**
 * Makes a group of the connection that a session begins with. Other processes of the same user join
 * it by a socket, until the group is over. Where there can be no socket, it stays with that one.
 *
 * @param group 32 hexadecimal digits
 * @throws USAGE
 */
export async function openGroup(
  group: string,
  first: ByteChannel,
  { onAlone }: GroupOptions = {},
): Promise<ByteChannel> {
  const folder = folderOf(group);
  let close = (): void => {};
  const channel = new ParallelChannel({ onOver: () => close() });
  const add = (socket: Socket): void => {
    socket.on("error", () => {}); // the channel tells of it
    try {
      channel.add(channelOf(nodeStreamDuplex(socket, socket)));
    } catch {
      socket.destroy();
    }
  };
  try {
    close = await openSocket(folder, add);
  } catch (cause) {
    const { message } = cause as Error;
    onAlone?.(new SyncError("IO", `there can be no socket for more connections: ${message}`, { cause }));
  }
  channel.add(first);
  sweepGroups().catch(() => {}); // what cannot be removed is in nobody's way
  return channel;
}

/** Returns what closes the socket, and removes its folder. */
async function openSocket(folder: string, onConnect: (socket: Socket) => void): Promise<() => void> {
  const server = createServer({ allowHalfOpen: true }, onConnect);
  const close = (): void => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  mkdirSync(folder, { mode: 0o700 });
  try {
    await listen(server, socketIn(folder));
    return close;
  } catch (thrown) {
    close();
    throw thrown;
  }
}

async function listen(server: Server, path: string): Promise<void> {
  // The system would take the beginning of a longer one, which lies in another directory.
  if (Buffer.byteLength(path) > maxSocketPathBytes) throw new Error("the path of the socket is too long");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}

/**
 * Connects to the process that holds a group.
 *
 * @throws USAGE, NOT_FOUND when there is none of this user's
 */
export function joinGroup(group: string): Promise<Socket> {
  if (!ownFolder(group)) throw noSuchGroup();
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketIn(folderOf(group)), allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (cause) => reject(noSuchGroup(cause)));
  });
}
