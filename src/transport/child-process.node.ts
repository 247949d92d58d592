import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { closingAfter, closingOnFailure } from "../bytes/closing.ts";
import { errnoOf } from "../bytes/errno.node.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type ByteChannel, type ChannelDuplex, duplexOf, type ReadOptions } from "./channel.ts";
import { nodeStreamChannel } from "./node-stream.node.ts";

/** How `childProcessDuplex` starts its program. */
export interface ChildProcessOptions extends AbortOptions {
  /** The directory it starts in; ours unless given. */
  readonly cwd?: string;
  /** Its environment; ours unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What to add to the message when it exits with one of these codes. */
  readonly exitHints?: Readonly<Record<number, string>>;
  /**
   * Opens a pipe for its standard input, or for its standard output; where that is absent or gives
   * undefined, Node joins them.
   */
  readonly openPipe?: () => OpenPipe | undefined;
  /** What becomes of its standard error; written to ours unless given. */
  readonly words?: ChildWords;
}

/** The descriptors of a pipe, which are closed by whoever was given them. */
export interface OpenPipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/** Hears what a program says on its standard error. */
export interface ChildWords {
  hear(bytes: Bytes): void;
  /**
   * Called once, when the program is gone. Returns what the message of its failure ends with, if it
   * has failed, or the failure itself, if the program told one.
   */
  end(hasFailed: boolean): string | SyncError;
}

/** Characters of standard error that an error message ends with. */
const stderrTailLength = 2000;
/** How long a program may take to end once it was told to. */
const killAfterMs = 2000;
/**
 * How long the last words of a program that exited may take, when others still hold its pipes open.
 */
const lastWordsMs = 250;

/**
 * Starts a program and talks to its standard input and output: how a sync goes over ssh. The
 * program and its arguments are passed as they are, never through a shell.
 *
 * Its output ends only when it exits with 0; anything else is PEER_GONE with the last words of its
 * standard error, or what `words` makes of them. An abort, of the channel or of `signal`, ends the
 * program. What it leaves behind may hold its pipes open for as long as it likes (a shared
 * connection of ssh does so for hours): nobody waits for that, and the process can end.
 */
export function childProcessDuplex(
  command: string,
  args: readonly string[],
  options: ChildProcessOptions = {},
): ChannelDuplex {
  options.signal?.throwIfAborted();
  return duplexOf(childChannel(start(command, args, options), command, options));
}

/** A program that was started, and our ends of what it is joined by. */
interface Child {
  readonly process: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

function start(command: string, args: readonly string[], options: ChildProcessOptions): Child {
  const { cwd, env, openPipe } = options;
  const [input, output] = [openPipe?.(), openPipe?.()];
  const run = (): ChildProcess =>
    spawn(command, args, {
      stdio: [input?.readEnd ?? "pipe", output?.writeEnd ?? "pipe", "pipe"],
      shell: false,
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env: { ...env } }),
    });
  const runAlone = (): ChildProcess => closingAfter(run, () => closeAll(input?.readEnd, output?.writeEnd));
  const process = closingOnFailure(runAlone, () => closeAll(input?.writeEnd, output?.readEnd));
  return {
    process,
    stdin: process.stdin ?? new Socket({ fd: input!.writeEnd, readable: false, writable: true }),
    stdout: process.stdout ?? new Socket({ fd: output!.readEnd, readable: true, writable: false }),
    stderr: process.stderr!,
  };
}

function closeAll(...descriptors: readonly (number | undefined)[]): void {
  for (const descriptor of descriptors) if (descriptor !== undefined) closeSync(descriptor);
}

function childChannel(child: Child, command: string, options: ChildProcessOptions): ByteChannel {
  const { signal, words = passedOn() } = options;
  const pipes = nodeStreamChannel(child.stdout, child.stdin);
  child.stderr.on("data", (bytes: Bytes) => words.hear(bytes));
  const exited = exitOf(child, command, words, options.exitHints);

  const onAbort = () => abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  let broken: { readonly reason: unknown } | undefined;
  let endedAt: number | undefined;
  void exited.then((failure) => {
    signal?.removeEventListener("abort", onAbort);
    if (failure) broken ??= { reason: failure };
    letGoOfPipes(child);
  });

  function abort(reason: unknown): void {
    broken ??= { reason };
    pipes.abort(reason);
    void endProgram(child, exited, endedAt === undefined ? 0 : endedAt + killAfterMs - performance.now());
  }

  /** What really happened: a broken pipe is only the shadow of a program that exited. */
  async function failure(thrown: unknown): Promise<unknown> {
    if (!broken) await Promise.race([exited, afterMs(killAfterMs)]);
    return broken ? broken.reason : toSyncError(thrown, "PEER_GONE");
  }

  async function* read(options?: ReadOptions): AsyncGenerator<Bytes> {
    let left = true;
    try {
      yield* pipes.read(options);
      left = false;
    } catch (thrown) {
      left = false;
      if (!hasExitedWell(child) || broken) throw await failure(thrown);
    } finally {
      if (left) abort(new SyncError("ABORTED", "the reader stopped early"));
    }
    await exited;
    if (broken) throw broken.reason;
  }

  /** Runs one call of the writer; what fails, or would go nowhere, tells what really happened. */
  async function writing(call: () => Promise<void>): Promise<void> {
    if (broken) throw broken.reason;
    try {
      await call();
    } catch (thrown) {
      throw await failure(thrown);
    }
  }

  return {
    read,
    abort,
    copiesWrites: true,
    write: (bytes) => writing(() => pipes.write(bytes)),
    async end() {
      await writing(() => pipes.end());
      endedAt = performance.now();
    },
  };
}

/** Words that go to our own standard error, and the last of them into messages. */
function passedOn(): ChildWords {
  let tail = "";
  return {
    hear(bytes) {
      tail = (tail + Buffer.from(bytes).toString()).slice(-stderrTailLength);
      process.stderr.write(bytes);
    },
    end: () => tail.trim(),
  };
}

/**
 * Ends a program. One that has heard its last words gets a moment to go by itself, `graceMs` of
 * which are left.
 */
async function endProgram(child: Child, exited: Promise<unknown>, graceMs: number): Promise<void> {
  if (graceMs > 0) await Promise.race([exited, afterMs(graceMs)]);
  if (!child.process.kill()) return; // it is gone already
  await Promise.race([exited, afterMs(killAfterMs)]);
  child.process.kill("SIGKILL");
}

function hasExitedWell(child: Child): boolean {
  return child.process.exitCode === 0;
}

/**
 * Closes our ends of the pipes of a program that is gone. What it said is read first, up to a
 * moment of silence.
 */
function letGoOfPipes(child: Child): void {
  child.stdin.destroy();
  child.stderr.destroy();
  const { stdout } = child;
  let isQuiet = false;
  stdout.on("data", () => (isQuiet = false));
  const look = (): void => {
    if (stdout.closed) return;
    if (isQuiet && !stdout.isPaused()) return void stdout.destroy();
    isQuiet = true;
    // Behind the timer, what arrived while this process was busy is read before we look.
    setTimeout(() => setImmediate(look), lastWordsMs).unref();
  };
  look();
}

/** Resolves when the program is gone: with nothing when it exited with 0, else with why. */
function exitOf(
  child: Child,
  command: string,
  words: ChildWords,
  hints: ChildProcessOptions["exitHints"] = {},
): Promise<SyncError | undefined> {
  return new Promise((resolve) => {
    child.process.once("error", (error) => {
      words.end(true);
      const why = errnoOf(error) === "ENOENT" ? "there is no such program here" : error.message;
      resolve(new SyncError("PEER_GONE", `could not start ${command}: ${why}`, { cause: error }));
    });
    child.process.once("exit", (code, signal) => {
      const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
      const tell = () => {
        const why = words.end(code !== 0);
        resolve(code === 0 ? undefined : goneWith(`${command} ${how}`, why, hints[code ?? 0]));
      };
      if (child.stderr.closed) return tell();
      const timer = setTimeout(tell, lastWordsMs);
      child.stderr.once("close", () => {
        clearTimeout(timer);
        tell();
      });
    });
  });
}

function goneWith(what: string, why: string | SyncError, hint = ""): SyncError {
  if (isSyncError(why)) return why;
  const more = [why, hint].filter((part) => part !== "").join("; ");
  return new SyncError("PEER_GONE", more === "" ? what : `${what}: ${more}`);
}

function afterMs(ms: number): Promise<undefined> {
  return new Promise((resolve) => void setTimeout(() => resolve(undefined), ms).unref());
}
