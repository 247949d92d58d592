import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../test/free-port.ts";
import { findProgram } from "../../test/programs.ts";
import { Dice } from "../data/dice.ts";
import type { BenchRow } from "../row.ts";
import { startServer } from "../server.ts";
import { median } from "../spread.ts";

/*
 * A chunk server beside nginx that serves the same files of a store, to 1, 16 and 64 clients at a
 * time. Each client asks for one chunk after another on a connection of its own.
 */

const roundCount = 5;
const blobBytes = 64_000_000;
const requestCount = 6000;
const clientCounts = [1, 16, 64];

/** Who asks, in a process of its own: prints the seconds that it took. */
const clients = `
  const { Agent, request } = require("node:http");
  const [base, count, ...paths] = require("node:fs").readFileSync(0, "utf8").split("\\n");
  const agent = new Agent({ keepAlive: true, maxSockets: Number(count) });
  let asked = 0;
  const get = (path) => new Promise((resolve, reject) =>
    request(base + path, { agent }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(path + ": " + answer.statusCode));
      answer.resume().on("end", resolve);
    }).on("error", reject).end());
  const client = async () => { while (asked < ${requestCount}) await get(paths[(asked++ * 7919) % paths.length]); };
  const began = performance.now();
  Promise.all(Array.from({ length: Number(count) }, client)).then(() => {
    console.log((performance.now() - began) / 1000);
    agent.destroy();
  });
`;

/** A server that runs: where, and the processes that it consists of. */
interface Running {
  readonly url: string;
  processorSeconds(): number;
  close(): Promise<void>;
}

/** What one run of the clients took. */
interface Lap {
  readonly seconds: number;
  readonly processorSeconds: number;
}

/** Returns no rows, and says so, where nginx is not installed. */
export async function run(cli: string): Promise<BenchRow[]> {
  if (findProgram("nginx") === undefined || process.platform !== "linux") {
    console.log("  skip: chunk servers are measured beside nginx, on Linux");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-chunk-servers-"));
  const store = join(folder, "s.castr");
  try {
    await fill(cli, folder, store);
    const paths = readdirSync(store, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".cacnk"),
    );
    const ours = await startOurs(cli, store);
    const theirs = await startNginx(folder, store);
    try {
      const rows: BenchRow[] = [];
      for (const count of clientCounts) rows.push(...(await race(count, paths, ours, theirs)));
      return rows;
    } finally {
      await Promise.all([ours.close(), theirs.close()]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Half of the chunks are text, half do not shrink. */
async function fill(cli: string, folder: string, store: string): Promise<void> {
  const dice = new Dice(21);
  const parts = Array.from({ length: 64 }, (_, i) =>
    i % 2 === 0 ? dice.noise(blobBytes / 64) : dice.text(blobBytes / 64),
  );
  writeFileSync(join(folder, "blob"), Buffer.concat(parts));
  const args = [cli, "index", "make", join(folder, "a.caibx"), join(folder, "blob"), "-s", store];
  const [code] = (await once(spawn(process.execPath, args, { stdio: "ignore" }), "close")) as [number];
  if (code !== 0) throw new Error("the store was not filled");
}

async function race(
  count: number,
  paths: readonly string[],
  ours: Running,
  theirs: Running,
): Promise<BenchRow[]> {
  const own: Lap[] = [];
  const other: Lap[] = [];
  for (let round = 0; round <= roundCount; round++) {
    const laps = [await lap(count, paths, ours), await lap(count, paths, theirs)] as const;
    if (round === 0) continue; // it warms both
    own.push(laps[0]);
    other.push(laps[1]);
  }
  const row = (unit: string, of: (lap: Lap) => number): BenchRow => ({
    name: `chunk server: ${count} at a time`,
    peer: "nginx",
    ratios: own.map((value, i) => of(other[i]!) / of(value)),
    unit,
    value: requestCount / median(own.map(of)),
    peerValue: requestCount / median(other.map(of)),
  });
  return [
    row("chunks/s", ({ seconds }) => seconds),
    row("chunks a second of processor time", ({ processorSeconds }) => processorSeconds),
  ];
}

async function lap(count: number, paths: readonly string[], server: Running): Promise<Lap> {
  const before = server.processorSeconds();
  const child = spawn(process.execPath, ["-e", clients], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end([server.url, String(count), ...paths].join("\n"));
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error("the clients failed");
  return { seconds: Number(said), processorSeconds: server.processorSeconds() - before };
}

async function startOurs(cli: string, store: string): Promise<Running> {
  const server = await startServer(cli, ["store", "serve", store]);
  return {
    url: `${server.url}/`,
    processorSeconds: () => processorSeconds([server.pid]),
    close: async () => server[Symbol.asyncDispose](),
  };
}

/** With one worker, as one process serves here. */
async function startNginx(folder: string, store: string): Promise<Running> {
  const port = await freePort();
  const lines = [
    "worker_processes 1; daemon off; pid nginx.pid; error_log stderr crit; user root;",
    "events {}",
    "http { access_log off; sendfile on; keepalive_requests 1000000;",
    `  server { listen 127.0.0.1:${port}; root ${store}; } }`,
  ];
  writeFileSync(join(folder, "nginx.conf"), lines.join("\n"));
  mkdirSync(join(folder, "logs"));
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "ignore" });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error("nginx did not start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url: `http://127.0.0.1:${port}/`,
    processorSeconds: () => processorSeconds([child.pid!, ...childrenOf(child.pid!)]),
    close: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.kill("SIGTERM");
  await ended;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

const ticksPerSecond = 100;

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** User and system time of processes so far. */
function processorSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }, 0);
}
