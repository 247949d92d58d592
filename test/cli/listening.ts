import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { builtCli } from "../built.ts";

/** A command that listens, and what it said. */
export interface Listening {
  readonly child: ChildProcess;
  readonly url: string;
  readonly token: string | undefined;
  readonly lines: string[];
  /** Ends it. Resolves when all its lines are here. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export async function listening(...args: string[]): Promise<Listening> {
  const where = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [builtCli(), ...args, "--json", ...where], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines: string[] = [];
  let token: string | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const event = JSON.parse(line) as { url?: string; token?: string };
      token ??= event.token;
      if (event.url !== undefined) resolve(event.url);
    });
    void ended.then((code) => reject(new Error(`it ended with ${code}: ${lines.join()}`)));
  });
  return {
    child,
    url,
    token,
    lines,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}
