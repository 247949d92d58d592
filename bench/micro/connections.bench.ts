import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dice } from "../data/dice.ts";
import { openFarPort } from "../far/far-port.ts";
import { raceRates, timed } from "../rates.ts";
import type { BenchRow } from "../row.ts";
import { startServer } from "../server.ts";

/*
 * One file to a server and back, over lines that give each connection so much: eight connections
 * beside one.
 */

const fileBytes = 80_000_000;
const connectionCount = 8;
const line = { oneWayMs: 5, bytesPerSecond: 10_000_000, hasLines: true };

export async function run(cli: string): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-connections-"));
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("file"), new Dice(26).noise(fileBytes));
  mkdirSync(at("root"));
  await using server = await startServer(cli, ["serve", at("root")]);
  const far = await openFarPort(server.port, line);
  const there = `http://127.0.0.1:${far.port}/`;
  const push = (jobs: number): Promise<number> => {
    rmSync(at("root/file"), { force: true });
    return timed([cli, "push", at("file"), there, "--jobs", String(jobs), "-q"]);
  };
  const pull = (jobs: number): Promise<number> => {
    rmSync(at("back"), { force: true });
    return timed([cli, "pull", `${there}file`, at("back"), "--jobs", String(jobs), "-q"]);
  };
  try {
    return [await race("push", push), await race("pull", pull)];
  } finally {
    await far.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function race(name: string, work: (jobs: number) => Promise<number>): Promise<BenchRow> {
  return raceRates({
    name: `connections: ${name} by ${connectionCount} of 10 MB/s each`,
    peer: "one connection",
    bytes: fileBytes,
    roundCount: 3,
    own: () => work(connectionCount),
    other: () => work(1),
  });
}
