// What runs at the other end of a remote shell where nothing is installed: see docs/ssh.md.
import { runCommandLine } from "../command-line.ts";
import type { CommandTable } from "../command.ts";
import { letGoOfOutputAtExit } from "../let-go-of-output.ts";

/** The commands that push, pull and sync start at the other end. */
const commands: CommandTable = {
  send: {
    synopsis: "SRC",
    about: "write a file or directory to standard output as one stream",
    load: async () => (await import("../transfer/send.ts")).send,
  },
  recv: {
    synopsis: "DST",
    about: "bring a file or directory up to date from the stream on standard input",
    load: async () => (await import("../transfer/recv.ts")).recv,
  },
  join: {
    synopsis: "ID",
    about: "add a connection to a session, over standard input and output",
    load: async () => (await import("../transfer/join.ts")).joinSession,
  },
};

letGoOfOutputAtExit();
process.exitCode = await runCommandLine(process.argv.slice(2), commands);
