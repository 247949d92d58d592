// Imports next to nothing: what a command needs is loaded when it is called.
import { runCommandLine } from "./command-line.ts";
import { commands } from "./commands.ts";
import { letGoOfOutputAtExit } from "./let-go-of-output.ts";

export { hasReachedSession } from "./session-note.ts";

letGoOfOutputAtExit();
process.exitCode = 1; // stays where nothing is left to wait for and the command is not done
void runCommandLine(process.argv.slice(2), commands).then((code) => {
  process.exitCode = code;
});
