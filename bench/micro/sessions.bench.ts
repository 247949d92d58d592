import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { receiveTree } from "../../src/session/receive.ts";
import { type ChannelDuplex, duplexOf } from "../../src/transport/channel.ts";
import { connectWs } from "../../src/transport/ws.node.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir } from "../../src/tree/memory/memory-tree.ts";
import { Dice } from "../data/dice.ts";
import type { BenchRow } from "../row.ts";
import { startServer } from "../server.ts";
import { median } from "../spread.ts";

const crowdCount = 256;
const roundCount = 5;
const fileCount = 100;

/** How a server did. */
interface Outcome {
  readonly sessionsPerSecond: number;
  /** The 99th percentile of what its event loop was late by. */
  readonly delayMs: number;
}

/** How many sessions there are at one time. */
type Width = "one" | "all";

/**
 * 256 sessions over WebSockets at one server, half of them torn off by the client, at once or one
 * by one.
 */
export async function run(cli: string): Promise<BenchRow[]> {
  const root = mkdtempSync(join(tmpdir(), "rsync-stream-sessions-"));
  try {
    makeTree(root);
    const outcomes: Record<Width, Outcome[]> = { one: [], all: [] };
    await attempt(cli, root, "all"); // does not count
    for (let round = 0; round < roundCount; round++) {
      for (const width of ["one", "all"] as const) outcomes[width].push(await attempt(cli, root, width));
    }
    const peer = "one by one";
    return [
      rowOf({ name: "256 sessions at once", peer, unit: "sessions/s" }, outcomes, "sessionsPerSecond"),
      rowOf({ name: "p99 delay of the event loop", peer, unit: "ms" }, outcomes, "delayMs"),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function rowOf(
  names: Pick<BenchRow, "name" | "peer" | "unit">,
  { one, all }: Record<Width, Outcome[]>,
  figure: keyof Outcome,
): BenchRow {
  const values = all.map((outcome) => outcome[figure]);
  const peerValues = one.map((outcome) => outcome[figure]);
  const ratios = values.map((value, round) => value / peerValues[round]!);
  return { ...names, ratios, value: median(values), peerValue: median(peerValues) };
}

async function attempt(cli: string, root: string, width: Width): Promise<Outcome> {
  const limits = ["--max-sessions", `${crowdCount}`];
  await using server = await startServer(cli, ["serve", root, "--read-only", ...limits]);
  const { url } = server;
  await readDelay(url);
  const began = performance.now();
  await pullAll(url, width);
  const sessionsPerSecond = crowdCount / ((performance.now() - began) / 1000);
  return { sessionsPerSecond, delayMs: await readDelay(url) };
}

async function pullAll(url: string, width: Width): Promise<void> {
  if (width === "one") for (let index = 0; index < crowdCount; index++) await pull(url, index);
  else await Promise.all(Array.from({ length: crowdCount }, (_, index) => pull(url, index)));
}

async function pull(url: string, index: number): Promise<void> {
  const protocols = ["rsync-stream.1"];
  const duplex = await connectWs(`${url.replace("http", "ws")}/?session=pull`, { protocols });
  const tearBytes = index % 2 === 0 ? Number.POSITIVE_INFINITY : index * 4000;
  const done = receiveTree(memoryTarget(memoryDir()), tearing(duplex, tearBytes));
  if (index % 2 === 0) await done;
  else await done.catch(() => {});
}

/** Breaks off when so many bytes have come. */
function tearing({ channel }: ChannelDuplex, afterBytes: number): ChannelDuplex {
  return duplexOf({
    write: (bytes) => channel.write(bytes),
    end: () => channel.end(),
    abort: (reason) => channel.abort(reason),
    async *read(options) {
      let seenBytes = 0;
      for await (const block of channel.read(options)) {
        if ((seenBytes += block.length) > afterBytes) channel.abort(new Error("torn"));
        yield block;
      }
    },
  });
}

async function readDelay(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^rsync_stream_event_loop_delay_seconds (\S+)/m.exec(text)![1]) * 1000;
}

function makeTree(root: string): void {
  const dice = new Dice(256);
  mkdirSync(join(root, "sub"));
  for (let n = 0; n < fileCount; n++) writeFileSync(join(root, "sub", `${n}`), dice.text(10_000));
}
