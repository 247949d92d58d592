import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { receiveTree } from "../../src/session/receive.ts";
import { connectWs } from "../../src/transport/ws.node.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir } from "../../src/tree/memory/memory-tree.ts";
import { openFarPort } from "../far/far-port.ts";
import { Dice } from "../data/dice.ts";
import type { BenchRow } from "../row.ts";
import { startServer } from "../server.ts";
import { median } from "../spread.ts";

const downstreamCount = 10;
const roundCount = 5;
const fileCount = 40;
const fileBytes = 500_000;
/** What limits the link to the upstream. */
const line = { oneWayMs: 10, bytesPerSecond: 5_000_000 } as const;

interface Outcome {
  readonly seconds: number;
  readonly upstreamMB: number;
}

/**
 * Downstreams of a new relay, whose upstream is at the end of a slow line, beside one that is
 * alone.
 */
export async function run(cli: string): Promise<BenchRow[]> {
  const root = mkdtempSync(join(tmpdir(), "rsync-stream-relay-"));
  try {
    const dice = new Dice(10);
    for (let n = 0; n < fileCount; n++) writeFileSync(join(root, `${n}`), dice.noise(fileBytes));
    await using server = await startServer(cli, ["serve", root, "--read-only"]);
    const one: Outcome[] = [];
    const many: Outcome[] = [];
    for (let round = 0; round < roundCount; round++) {
      one.push(await attempt(cli, server.port, 1));
      many.push(await attempt(cli, server.port, downstreamCount));
    }
    return [rowOf("time", "s", one, many, "seconds"), rowOf("from upstream", "MB", one, many, "upstreamMB")];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function rowOf(
  what: string,
  unit: string,
  one: readonly Outcome[],
  many: readonly Outcome[],
  figure: keyof Outcome,
): BenchRow {
  const values = many.map((outcome) => outcome[figure]);
  const peerValues = one.map((outcome) => outcome[figure]);
  const ratios = values.map((value, round) => value / peerValues[round]!);
  const name = `${downstreamCount} downstreams of a relay, ${what}`;
  return { name, peer: "one alone", unit, ratios, value: median(values), peerValue: median(peerValues) };
}

async function attempt(cli: string, upstreamPort: number, count: number): Promise<Outcome> {
  const far = await openFarPort(upstreamPort, line);
  try {
    await using relay = await startServer(cli, ["relay", `ws://127.0.0.1:${far.port}/`]);
    const began = performance.now();
    await Promise.all(Array.from({ length: count }, () => pull(relay.url)));
    const seconds = (performance.now() - began) / 1000;
    return { seconds, upstreamMB: far.bytes().fromServer / 1e6 };
  } finally {
    await far.close();
  }
}

async function pull(url: string): Promise<void> {
  const protocols = ["rsync-stream.1"];
  const tree = memoryDir();
  const duplex = await connectWs(`${url.replace("http", "ws")}/?session=pull`, { protocols });
  await receiveTree(memoryTarget(tree), duplex);
  if (tree.children.size !== fileCount) throw new Error(`${tree.children.size} files came`);
}
