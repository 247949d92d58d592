import { openSync } from "node:fs";
import { devNull } from "node:os";
import { isatty } from "node:tty";
import { override } from "../bytes/override.ts";
import { abortableSource } from "../bytes/abort.ts";
import { SyncError } from "../errors.ts";
import type { ByteChannel } from "../transport/channel.ts";
import { descriptorChannel } from "../transport/stdio.node.ts";
import { isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import { outputTrouble } from "./output-trouble.node.ts";
import { widenPipe } from "./wide-pipes.node.ts";

/**
 * Standard output, for bytes that are not for people. Standard input is left alone.
 *
 * @throws USAGE when it is a terminal
 */
export function outputChannel(): ByteChannel {
  refuseTerminal(1, "the result is not text: send standard output to a file or another program");
  widenPipe(1);
  return resultChannel();
}

/**
 * Standard output alone, which may be a terminal. What it fails with says that it was standard
 * output.
 */
export function resultChannel(): ByteChannel {
  const channel = descriptorChannel(openSync(devNull, "r"), 1);
  const refuse = (thrown: unknown): never => {
    throw thrown instanceof Error && isErrno(thrown.cause) ? outputTrouble(1, thrown.cause) : thrown;
  };
  return override(channel, {
    write: (bytes) => channel.write(bytes).catch(refuse),
    end: () => channel.end().catch(refuse),
  });
}

/**
 * Standard input, for bytes that nobody types. Standard output is left alone.
 *
 * @throws USAGE when it is a terminal
 */
export function inputChannel(): ByteChannel {
  refuseTerminal(0, "standard input has to come from a file or another program");
  widenPipe(0);
  return descriptorChannel(0, openSync(devNull, "w"));
}

/**
 * Standard input and output as one connection.
 *
 * @throws USAGE when either is a terminal
 */
export function duplexChannel(): ByteChannel {
  refuseTerminal(0, "--duplex needs another program at standard input");
  refuseTerminal(1, "--duplex needs another program at standard output");
  widenPipe(0);
  widenPipe(1);
  return leaveTogether(descriptorChannel(0, 1));
}

/**
 * Stops to listen when all is said. The other end has no more to say then, but its end may be long
 * in coming: a shell or `timeout` around either program holds the pipes open until that program
 * exits.
 */
function leaveTogether(channel: ByteChannel): ByteChannel {
  const said = new AbortController();
  return override(channel, {
    async *read(options) {
      try {
        yield* abortableSource(channel.read(options), said.signal);
      } catch (thrown) {
        if (!said.signal.aborted) throw thrown;
        channel.abort(said.signal.reason);
      }
    },
    async end() {
      await channel.end();
      said.abort();
    },
  });
}

function refuseTerminal(descriptor: number, hint: string): void {
  if (isatty(descriptor)) throw new SyncError("USAGE", hint);
}
