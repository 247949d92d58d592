import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dice } from "../data/dice.ts";
import type { LineOptions } from "../far/delay-line.ts";
import { listen, openFarPort } from "../far/far-port.ts";
import type { BenchRow } from "../row.ts";
import { startServer } from "../server.ts";
import { median } from "../spread.ts";

/*
 * A blob that is extracted from a store at the end of a line, beside what the line allows: over a
 * long one the time that it takes here and three round trips, over a slow one a program that
 * fetches the same bytes as one file.
 */

const roundCount = 3;
const blobBytes = 32_000_000;
const roundTrips = 3;
const longLine: LineOptions = { oneWayMs: 20 };
const slowLine: LineOptions = { oneWayMs: 100, bytesPerSecond: 12_500_000 };

/** Fetches one file, by what any program would use. */
const fetcher =
  "fetch(process.argv[1]).then(async (answer) => { for await (const _ of answer.body); process.exit(answer.status === 200 ? 0 : 1); })";

export async function run(cli: string): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-far-stores-"));
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("blob"), new Dice(22).noise(blobBytes));
  const make = [cli, "index", "make", at("blob.caibx"), at("blob"), "-s", at("s.castr")];
  const file = createServer((_, response) => {
    response.setHeader("content-length", statSync(at("blob")).size);
    createReadStream(at("blob")).pipe(response);
  });
  try {
    await timed(make);
    await using server = await startServer(cli, ["store", "serve", at("s.castr")]);
    const filePort = await listen(file);
    const extract = async (port: number): Promise<number> => {
      rmSync(at("out"), { force: true });
      return timed([cli, "index", "extract", at("blob.caibx"), at("out"), "-s", `http://127.0.0.1:${port}/`]);
    };
    const fetchFile = (port: number) => timed(["-e", fetcher, `http://127.0.0.1:${port}/`]);
    const throughLine = async (port: number, line: LineOptions, work: (port: number) => Promise<number>) => {
      const far = await openFarPort(port, line);
      const seconds = await work(far.port);
      await far.close();
      return seconds;
    };
    const allowed = (2 * longLine.oneWayMs * roundTrips) / 1000;
    return [
      await race("extract, 20 ms each way", `here and ${roundTrips} round trips`, [
        () => throughLine(server.port, longLine, extract),
        async () => allowed + (await throughLine(server.port, { oneWayMs: 0 }, extract)),
      ]),
      await race("extract, 100 Mbit/s and 100 ms each way", "one file by fetch", [
        () => throughLine(server.port, slowLine, extract),
        () => throughLine(filePort, slowLine, fetchFile),
      ]),
    ];
  } finally {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function race(
  name: string,
  peer: string,
  [own, other]: readonly [() => Promise<number>, () => Promise<number>],
): Promise<BenchRow> {
  const values: number[] = [];
  const peerValues: number[] = [];
  for (let round = 0; round < roundCount; round++) {
    values.push(blobBytes / 1e6 / (await own()));
    peerValues.push(blobBytes / 1e6 / (await other()));
  }
  const ratios = values.map((value, round) => value / peerValues[round]!);
  return {
    name: `far store: ${name}`,
    peer,
    ratios,
    unit: "MB/s",
    value: median(values),
    peerValue: median(peerValues),
  };
}

/** Runs a program of Node to its end; returns the seconds it took. @throws Error when it fails */
async function timed(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const [code] = (await once(spawn(process.execPath, args, { stdio: "ignore" }), "close")) as [number];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return (performance.now() - began) / 1000;
}
