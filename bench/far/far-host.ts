import { spawn } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { delay, type LineCount, type LineOptions, sumOf } from "./delay-line.ts";
import { listen } from "./far-port.ts";

/** A host far away, to be reached by a remote shell. */
export interface FarHost {
  /** A script of sh: called as `COMMAND HOST PROGRAM ARGUMENT...`, as ssh is. */
  readonly shell: string;
  /** Bytes that have gone to programs there so far, and that have come from them. */
  readonly bytes: () => { readonly there: number; readonly back: number };
  close(): Promise<void>;
}

/**
 * Stands for a host at the end of a long line: programs that are started there run here, in a
 * folder, and what they read and write is delayed. The connection is taken to stand already.
 */
export async function startFarHost(
  folder: string,
  env: NodeJS.ProcessEnv,
  options: LineOptions,
): Promise<FarHost> {
  const counts = { there: [] as LineCount[], back: [] as LineCount[] };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on("error", () => {});
    client.once("readable", () => runProgram(client));
  });

  /** The first line names the program. */
  function runProgram(client: Socket): void {
    const head = client.read() as Buffer;
    const end = head.indexOf("\n");
    client.unshift(head.subarray(end + 1));
    const program = spawn("sh", ["-c", Buffer.from(head.toString("latin1", 0, end), "base64").toString()], {
      cwd: folder,
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    program.stdin.on("error", () => {});
    counts.there.push(delay(client, program.stdin, options));
    counts.back.push(delay(program.stdout, client, options));
  }

  const port = await listen(server);
  return {
    shell: `#!/bin/sh\nexec '${process.execPath}' -e '${forwarder}' ${port} "$@"\n`,
    bytes: () => ({ there: sumOf(counts.there), back: sumOf(counts.back) }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Joins its standard streams with the host's; ends when the program there does. */
const forwarder = [
  "const [port, , ...words] = process.argv.slice(1);",
  'const socket = require("net").connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });',
  'socket.write(Buffer.from(words.join(" ")).toString("base64") + "\\n");',
  "process.stdin.pipe(socket);",
  "socket.pipe(process.stdout);",
  'socket.on("end", () => process.exit(0));',
  'socket.on("error", () => process.exit(255));',
].join(" ");
