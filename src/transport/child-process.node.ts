import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { SyncError, toSyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf } from "./channel.ts";
import { nodeStreamChannel } from "./node-stream.node.ts";

/** How `childProcessDuplex` starts its program. */
export interface ChildProcessOptions extends AbortOptions {
  /** The directory it starts in; ours unless given. */
  readonly cwd?: string;
  /** Its environment; ours unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What becomes of its standard error; written to ours unless given. */
  readonly onStderr?: (bytes: Bytes) => void;
}

/** Characters of standard error that an error message ends with. */
const stderrTailLength = 2000;
/** How long a program may take to end once it was told to. */
const killAfterMs = 2000;

/**
 * Starts a program and talks to its standard input and output: how a sync goes over ssh. The program and
 * its arguments are passed as they are, never through a shell.
 *
 * Its output ends only when it exits with 0; anything else is PEER_GONE with the last words of its standard
 * error. An abort, of the channel or of `signal`, ends the program.
 */
export function childProcessDuplex(
  command: string,
  args: readonly string[],
  options: ChildProcessOptions = {},
): ChannelDuplex {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    shell: false,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.env !== undefined && { env: { ...options.env } }),
  });
  return duplexOf(childChannel(child, command, options));
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

function childChannel(child: Child, command: string, options: ChildProcessOptions): ByteChannel {
  const { signal, onStderr = (bytes) => void process.stderr.write(bytes) } = options;
  const pipes = nodeStreamChannel(child.stdout, child.stdin);
  let tail = "";
  child.stderr.on("data", (bytes: Bytes) => {
    tail = (tail + Buffer.from(bytes).toString()).slice(-stderrTailLength);
    onStderr(bytes);
  });
  const exited = exitOf(child, command, () => tail.trim());

  const onAbort = () => abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  child.once("close", () => signal?.removeEventListener("abort", onAbort));

  let broken: { readonly reason: unknown } | undefined;

  function abort(reason: unknown): void {
    broken ??= { reason };
    pipes.abort(reason);
    child.kill();
    const timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    child.once("exit", () => clearTimeout(timer));
  }

  /** What really happened: a broken pipe is only the shadow of a program that exited. */
  async function failure(thrown: unknown): Promise<unknown> {
    if (broken) return broken.reason;
    const exit = await Promise.race([exited, afterMs(killAfterMs)]);
    return exit ?? toSyncError(thrown, "PEER_GONE");
  }

  async function* read(): AsyncGenerator<Bytes> {
    try {
      yield* pipes.read();
    } catch (thrown) {
      throw await failure(thrown);
    }
    const exit = await exited;
    if (broken) throw broken.reason;
    if (exit) throw exit;
  }

  return {
    read,
    abort,
    write: (bytes) => pipes.write(bytes).catch(async (thrown) => Promise.reject(await failure(thrown))),
    end: () => pipes.end().catch(async (thrown) => Promise.reject(await failure(thrown))),
  };
}

/** Resolves when the program is gone and its output read: with nothing when it exited with 0, else with why. */
function exitOf(child: Child, command: string, lastWords: () => string): Promise<SyncError | undefined> {
  return new Promise((resolve) => {
    child.once("error", (error) =>
      resolve(new SyncError("PEER_GONE", `could not start ${command}: ${error.message}`, { cause: error })),
    );
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(undefined);
      const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
      const words = lastWords();
      resolve(new SyncError("PEER_GONE", `${command} ${how}${words === "" ? "" : `: ${words}`}`));
    });
  });
}

function afterMs(ms: number): Promise<undefined> {
  return new Promise((resolve) => void setTimeout(() => resolve(undefined), ms).unref());
}
