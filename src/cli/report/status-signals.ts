/** Signals that ask how far a command is: `kill -USR1`, and Ctrl-T where terminals know it. */
const statusSignals: readonly NodeJS.Signals[] = [
  "SIGUSR1",
  ...(process.platform === "darwin" ? ["SIGINFO" as const] : []),
];

/** Calls whenever somebody asks how far this program is. */
export function onStatusSignal(tell: () => void): void {
  if (process.platform === "win32") return;
  for (const name of statusSignals) process.on(name, tell);
}
