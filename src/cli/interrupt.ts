import { setMaxListeners } from "node:events";
import { onEndingSignal } from "../bytes/waiting-read.node.ts";
import { SyncError } from "../errors.ts";
import { endingSignals, isIgnored } from "./ignored-signals.ts";

/**
 * After that long an interrupted command is ended, whatever it still waits for; unless it asks for
 * more.
 */
const usualGraceMs = 1500;

/**
 * Aborts on the first interrupt, so that the command cleans up; ends the process on the second, or
 * when the command takes too long. A signal that was ignored when the program started stays
 * ignored.
 */
export function abortOnInterrupt(controller: AbortController, graceMs = usualGraceMs): void {
  setMaxListeners(0, controller.signal); // Each chunk under way listens, and none is a leak.
  const interrupt = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) return dieAtOnce();
    controller.abort(new SyncError("ABORTED", `interrupted by ${name}`));
    setTimeout(dieAtOnce, graceMs).unref();
  };
  for (const name of endingSignals) {
    if (isIgnored(name)) process.on(name, () => {});
    else onEndingSignal(name, () => interrupt(name));
  }
}

/** A shell sees 130 then too. `process.exit` would wait for system calls that may never return. */
function dieAtOnce(): void {
  for (const name of endingSignals) process.removeAllListeners(name);
  process.kill(process.pid, "SIGINT");
}
