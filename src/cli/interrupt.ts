import { errorCodes, SyncError } from "../errors.ts";

/** After that long an interrupted command is ended, whatever it still waits for. */
const graceMs = 1500;

/**
 * Aborts on the first interrupt, so that the command cleans up; ends the process on the second, or when the
 * command takes too long.
 */
export function abortOnInterrupt(controller: AbortController): void {
  const interrupt = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(errorCodes.ABORTED.exit);
    controller.abort(new SyncError("ABORTED", `interrupted by ${name}`));
    setTimeout(() => process.exit(errorCodes.ABORTED.exit), graceMs).unref();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
}
