import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dice } from "../data/dice.ts";
import type { LineOptions } from "../far/delay-line.ts";
import { listen, openFarPort } from "../far/far-port.ts";
import { raceRates, timed } from "../rates.ts";
import type { BenchRow } from "../row.ts";
import { startServer } from "../server.ts";

/*
 * A blob that is extracted from a store at the end of a line, beside what the line allows: over a
 * long one the time that it takes here and three round trips, over a slow one a program that
 * fetches the same bytes as one file.
 */

const blobBytes = 32_000_000;
const race = { bytes: blobBytes, roundCount: 3 };
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
      await raceRates({
        ...race,
        name: "far store: extract, 20 ms each way",
        peer: `here and ${roundTrips} round trips`,
        own: () => throughLine(server.port, longLine, extract),
        other: async () => allowed + (await throughLine(server.port, { oneWayMs: 0 }, extract)),
      }),
      await raceRates({
        ...race,
        name: "far store: extract, 100 Mbit/s and 100 ms each way",
        peer: "one file by fetch",
        own: () => throughLine(server.port, slowLine, extract),
        other: () => throughLine(filePort, slowLine, fetchFile),
      }),
    ];
  } finally {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
