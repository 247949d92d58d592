import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { seededRandom } from "../../src/bucket/random.ts";
import { builtCli } from "../built.ts";
import { type Obstacle, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";
import { noRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { usePair } from "../unit/bucket/sync/pairs.ts";

/**
 * Processes share one synchronisation by Redis, and are killed at random moments: what those that
 * live leave must be right, and next to nothing of it copied twice.
 */

const pair = usePair();
const isShort: Obstacle =
  process.env["FAULT_POINTS"] !== "all" ? "the short form is in one process" : undefined;
const roundCount = Number(process.env["FAULT_ROUNDS"] ?? 100);
const workerCount = 8;
const killCount = 6;
const objectCount = 2000;
const leaseSeconds = 2;
const cli = builtCli();

let redis: RedisServer | undefined;
afterAll(async () => redis?.stop());

function start(): { readonly child: ChildProcess; readonly ended: Promise<unknown> } {
  const sides = [pair.source, pair.destination].map(({ url }) => `s3+${url}/b`);
  const shared = ["--coordinator", redis!.url, "--lease", `${leaseSeconds}`, "--jobs", "4", "--delete"];
  const child = spawn(
    process.execPath,
    [cli, "bucket", "sync", ...sides, "--max-delete", "100000", ...shared],
    {
      stdio: "ignore",
      env: { ...process.env, XDG_STATE_HOME: join(pair.folder, "states") },
    },
  );
  return { child, ended: once(child, "exit").then(([code, signal]) => code ?? signal) };
}

function fill(round: number): void {
  for (const stub of [pair.source, pair.destination]) {
    stub.buckets.set("b", new Map());
    stub.requests.length = 0;
    stub.pageLength = 100;
  }
  for (let at = 0; at < objectCount; at++) pair.source.put("b", `d${at % 9}/k${at}`, `${round} ${at}`);
  for (let at = 0; at < objectCount / 10; at++) pair.destination.put("b", `d${at % 9}/old${at}`, "old");
}

unless(noRedis ?? isShort).test(
  "whoever of many hosts is killed, all is copied, and next to nothing twice",
  async () => {
    const random = seededRandom(`${printedSeed()}`);
    redis = await startRedis();
    let [copyCount, twiceCount] = [0, 0];
    for (let round = 0; round < roundCount; round++) {
      fill(round);
      const workers = Array.from({ length: workerCount }, start);
      for (let kill = 0; kill < killCount; kill++) {
        const after = Math.floor((random() * objectCount) / killCount);
        const target = pair.destination.requests.length + after;
        const isOver = Promise.all(workers.map(async ({ ended }) => ended)).then(() => true);
        for (let over: unknown; over !== true && pair.destination.requests.length < target;)
          over = await Promise.race([isOver, new Promise((resolve) => setTimeout(resolve, 5))]);
        const victim = workers.splice(Math.floor(random() * workers.length), 1)[0]!;
        victim.child.kill("SIGKILL");
        await victim.ended;
        if (random() < 0.5) workers.push(start());
      }
      expect(await Promise.all(workers.map(async ({ ended }) => ended))).toEqual(workers.map(() => 0));
      expect(pair.contentsOf(pair.destination), `round ${round}`).toEqual(pair.contentsOf(pair.source));
      const copies = pair.destination.requests.filter((request) => request.startsWith("PUT b/"));
      copyCount += copies.length;
      twiceCount += copies.length - new Set(copies).size;
    }
    console.log(`${roundCount} rounds: ${copyCount} copies, ${twiceCount} of them for the second time`);
    expect(twiceCount).toBeLessThanOrEqual(copyCount / 100);
  },
);
