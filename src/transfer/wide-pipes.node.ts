import { bindNative, type Koffi } from "../tree/disk/calls/koffi.node.ts";
import type { OpenPipe } from "../transport/child-process.node.ts";

/** What Linux lets anybody ask for; a pipe begins with 64 KiB. */
const pipeBytes = 1 << 20;

const F_SETPIPE_SZ = 1031;
const O_CLOEXEC = 0o2000000;

interface PipeCalls {
  /** Writes the two ends. Returns 0, or -1 for a failure. */
  pipe2(ends: Int32Array, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
}

let bound: { readonly calls: PipeCalls | undefined } | undefined;

/** Linux only. */
function findCalls(): PipeCalls | undefined {
  bound ??= { calls: process.platform === "linux" ? bindNative(bindCalls) : undefined };
  return bound.calls;
}

function bindCalls(koffi: Koffi): PipeCalls {
  const library = koffi.load(null);
  return {
    pipe2: library.func("int pipe2(int *ends, int flags)"),
    fcntl: library.func("int fcntl(int fd, int command, int argument)"),
  };
}

/** Others do not read from a descriptor by a socket, or close it themselves. */
const isNode = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/**
 * Has a pipe hold more, where the system can. Both ends work in slices of some milliseconds: with
 * room for as much, neither waits while the other works. What is not a pipe stays as it is.
 */
export function widenPipe(descriptor: number): void {
  findCalls()?.fcntl(descriptor, F_SETPIPE_SZ, pipeBytes);
}

/**
 * Opens such a pipe, which programs that are started do not inherit by themselves; undefined where
 * that cannot be done. Node would join a program by a socket, which holds a fifth of it.
 */
export function openWidePipe(): OpenPipe | undefined {
  const calls = isNode ? findCalls() : undefined;
  const ends = new Int32Array(2);
  if (!calls || calls.pipe2(ends, O_CLOEXEC) !== 0) return undefined;
  widenPipe(ends[1]!);
  return { readEnd: ends[0]!, writeEnd: ends[1]! };
}
