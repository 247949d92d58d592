import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { listeningAt } from "./listening-port.ts";
import { missing, type Obstacle } from "./obstacles.ts";

/** A server of Redis with nothing in it, which keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  stop(): Promise<void>;
}

export const noRedis: Obstacle = missing("redis-server");

/** Starts one. @param args beside what says where it listens */
export async function startRedis(...args: readonly string[]): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-redis-"));
  const port = await freePort();
  const usual = ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--dir", folder];
  const child = spawn("redis-server", [...usual, ...args], { stdio: "ignore" });
  await listeningAt(port, child);
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
