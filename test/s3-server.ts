import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { missing, type Obstacle } from "./obstacles.ts";

/** A server of S3 that is not ours. */
export interface S3Server {
  readonly url: string;
  /** True for one that looks at signatures. */
  readonly checksSignatures: boolean;
  stop(): Promise<void>;
}

/** Whom requests have to be signed by. */
export const s3Test = { accessKey: "test", secretKey: "testtest" } as const;

const hasVersity = missing("versitygw") === undefined;

/** For where no server of S3 is installed. */
export const noS3Server: Obstacle =
  hasVersity || spawnSync("moto_server", ["-h"]).status === 0
    ? undefined
    : "neither versitygw nor moto_server is installed";

/** For what several ask at once: moto looks at what is there and then replaces it, in two steps. */
export const noAtomicS3Server: Obstacle = hasVersity
  ? undefined
  : "versitygw is not installed, and moto lets two replace the same version at once";

/** Starts versitygw, or else moto, with nothing in it. */
export async function startS3Server(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-s3-"));
  const port = String(await freePort());
  for (const name of ["objects", "versions"]) mkdirSync(join(folder, name));
  const env = { ...process.env, ROOT_ACCESS_KEY: s3Test.accessKey, ROOT_SECRET_KEY: s3Test.secretKey };
  const [program, ...args] = hasVersity
    ? [
        "versitygw",
        "--keep-alive",
        "--port",
        `127.0.0.1:${port}`,
        "posix",
        "--versioning-dir",
        join(folder, "versions"),
        join(folder, "objects"),
      ]
    : ["moto_server", "-H", "127.0.0.1", "-p", port];
  const child = spawn(program!, args, { cwd: folder, env, stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  await answering(url, child);
  return {
    url,
    checksSignatures: hasVersity,
    async stop() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until a server answers anything. */
async function answering(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
