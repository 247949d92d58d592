import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { devNull } from "node:os";

/**
 * Lets go of standard output and error when the process ends, where those are files. Koffi has the
 * system put them on the medium then: a stream in a file would be waited for until it is there, and
 * where standard error cannot be put there the process would never end.
 *
 * What nobody caught is told by Node.js after that; then both stay.
 */
export function letGoOfOutputAtExit(): void {
  process.once("exit", letGo);
  process.once("uncaughtExceptionMonitor", () => process.off("exit", letGo));
}

function letGo(): void {
  if (!existsSync(devNull)) return;
  for (const descriptor of [1, 2].filter(isOnMedium)) {
    closeSync(descriptor);
    openSync(devNull, "w"); // takes its number
  }
}

function isOnMedium(descriptor: number): boolean {
  const facts = fstatSync(descriptor, { bigint: true });
  return facts.isFile() || facts.isBlockDevice();
}
