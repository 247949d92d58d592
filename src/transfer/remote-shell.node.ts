import { SyncError } from "../errors.ts";
import type { Connect } from "../session/reconnect.ts";
import { type ChildWords, childProcessDuplex } from "../transport/child-process.node.ts";
import { channelOf, duplexOf } from "../transport/channel.ts";
import type { SessionWish } from "../transport/session-request.ts";
import { bootstrap } from "./bootstrap.node.ts";
import type { ShellEndpoint } from "./endpoint.node.ts";
import { RemoteWords } from "../transport/remote-words.node.ts";
import { byteWords, quoteForShell, splitWords } from "./shell-words.node.ts";
import { openWidePipe } from "./wide-pipes.node.ts";

/**
 * Bytes of an order that travels to the other end, quoted. A system takes 128 KiB in one argument,
 * and a remote shell takes all words as one.
 */
export const maxOrderWordBytes = 98_304;

/** How a program at another host is started. */
export interface RemoteShellOptions {
  /** The command that reaches a host, split as `rsync -e` does; `ssh` unless given. */
  readonly rsh?: string;
  /**
   * What the shell there is to run, as words of that shell. Unless given it is `rsync-stream`, or,
   * where that is not installed and Node.js is, a program that is sent there.
   */
  readonly remotePath?: string;
  /** False to send no program. */
  readonly bootstrap?: boolean;
  /** Called for each line of text that does not come from the program itself. */
  readonly onRemoteText?: (line: string) => void;
}

/**
 * What a shell that finds no program exits with 127 for, and with 126 for one that it may not run.
 *
 * @param needed what would have been run
 */
const absentHint = (needed: string) =>
  `${needed} has to be in the PATH of the shell there; --remote-path names another place`;

/**
 * How to start the program at the other end of a remote shell.
 *
 * @param wish what is wanted of it
 * @throws USAGE when `rsh` is no command, LIMIT for an order that is too long
 */
export function remoteShell(there: ShellEndpoint, wish: SessionWish, options: RemoteShellOptions): Connect {
  const { part } = wish;
  if (part?.opens === false)
    return remoteProgram({ ...there, path: part.group }, `join ${programOptions}`, options);
  return remoteProgram(there, roleFor(wish), options);
}

/**
 * How to start the program at the other end of a remote shell, whatever it is to do.
 *
 * @param words its arguments, as words for a shell; the path follows them
 * @throws USAGE when `rsh` is no command
 */
export function remoteProgram(
  { host, path }: ShellEndpoint,
  words: string,
  { rsh = "ssh", remotePath, bootstrap: isSent = true, onRemoteText = () => {} }: RemoteShellOptions,
): Connect {
  const role = `${words} -- ${quotePath(path)}`;
  const sent = isSent && remotePath === undefined ? bootstrap(role) : undefined;
  const remote = sent?.command ?? `${remotePath ?? "rsync-stream"} ${role}`;
  const [command, ...args] = byteWords([...splitWords(rsh), host, remote]);
  const hint = absentHint(sent === undefined ? "rsync-stream" : "rsync-stream, or at least Node.js,");
  return async ({ signal }) => {
    const heard: ChildWords = new RemoteWords({ onText: onRemoteText });
    const duplex = childProcessDuplex(command, args, {
      exitHints: { 126: hint, 127: hint },
      words: heard,
      openPipe: openWidePipe,
      ...(signal && { signal }),
    });
    return sent === undefined ? duplex : duplexOf(sent.wrap(channelOf(duplex)));
  };
}

/** What all programs at the other end are told. */
const programOptions = "--json --quiet --no-settings";

/** What the other end has to do, as words for a shell. @throws LIMIT */
function roleFor({ direction, order, part }: SessionWish): string {
  const role = direction === "pull" ? "send" : "recv";
  const word = order === undefined ? "" : ` --order=${quoteForShell(order)}`;
  const [actual, limit] = [Buffer.byteLength(word), maxOrderWordBytes];
  if (actual > limit)
    throw new SyncError("LIMIT", "the other end takes fewer filter rules", { detail: { actual, limit } });
  const group = part === undefined ? "" : ` --joinable=${part.group}`;
  return `${role} --duplex ${programOptions}${group}${word}`;
}

/** A `~` stays for the remote shell to read. */
function quotePath(path: string): string {
  const home = /^~[A-Za-z0-9_.-]*(?=\/|$)/.exec(path)?.[0] ?? "";
  const rest = path.slice(home.length);
  return home + (rest === "" ? "" : quoteForShell(rest));
}
