import { spawn } from "node:child_process";

/** A command of ours that listens. */
export interface ListeningCommand extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** The process that listens. */
  readonly pid: number;
}

/**
 * Starts `rsync-stream serve` or `relay` on any free port of loopback, and kills it when it is
 * disposed of.
 *
 * @throws Error when it exits before it listens
 */
export async function startServer(cli: string, args: readonly string[]): Promise<ListeningCommand> {
  const server = spawn(process.execPath, [cli, ...args, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = new Promise<void>((resolve) => server.once("close", () => resolve()));
  const end = (): boolean => server.kill("SIGKILL");
  process.once("exit", end);
  let said = "";
  const port = await new Promise<number>((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        const found = /127\.0\.0\.1:(\d+)/.exec((said += bytes.toString()));
        if (found) resolve(Number(found[1]));
      });
    }
    void gone.then(() => reject(new Error(`${args[0]} did not start: ${said}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: server.pid!,
    async [Symbol.asyncDispose]() {
      process.off("exit", end);
      end();
      await gone;
    },
  };
}
