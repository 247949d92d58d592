import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Dice } from "../data/dice.ts";
import { openFarPort } from "../far/far-port.ts";
import type { BenchRow } from "../row.ts";
import { startServer } from "../server.ts";
import { median } from "../spread.ts";

/*
 * Chunk stores: the commands of desync by this program, beside desync and casync themselves, as
 * whole programs on the same data, in turn. That is small, so that the start of Node counts, unless
 * full sets are kept (`--data`): then it is a part of the source of Linux, and a tree as large.
 */

const roundCount = 5;
const oneWayMs = 20;
/** Those whose name contains this are measured. */
const wantedWork = process.env["BENCH_WORK"] ?? "";

/** How much is moved. */
const small = { blobBytes: 32_000_000, fileCount: 400 };
const large = { blobBytes: 300_000_000, fileCount: 4000 };

/** The folder of a round, and what is prepared in it. */
interface Place {
  readonly folder: string;
  /** Where a far server offers the store. */
  readonly url: string;
}

/** One piece of work: command lines of desync, and of casync where that has the same. */
interface Work {
  readonly name: string;
  readonly desync: (place: Place) => string;
  readonly casync?: (place: Place) => string;
  /** What is made anew, by name, before each run. */
  readonly fresh?: readonly string[];
  /** What the output is before each run. */
  readonly old?: readonly [from: string, to: string];
}

const works: readonly Work[] = [
  {
    name: "make, new chunks",
    desync: () => "make -s new.castr new.caibx blob",
    casync: () => "make --store=new.castr new.caibx blob",
    fresh: ["new.castr"],
  },
  {
    name: "make, chunks present",
    desync: () => "make -s s.castr new.caibx blob",
    casync: () => "make --store=s.castr new.caibx blob",
  },
  {
    name: "extract, new file",
    desync: () => "extract -s s.castr blob.caibx out",
    casync: () => "extract --seed-output=no --store=s.castr blob.caibx out",
  },
  {
    name: "extract, with a seed",
    desync: () => "extract -s s.castr --seed seed.caibx blob.caibx out",
    casync: () => "extract --seed-output=no --store=s.castr --seed=seed blob.caibx out",
  },
  {
    name: `extract, over HTTP ${oneWayMs} ms away`,
    desync: ({ url }) => `extract -n 64 -s ${url} blob.caibx out`,
  },
  { name: "verify a store", desync: () => "verify -s s.castr" },
  {
    name: "untar over the old tree",
    desync: () => "untar -i -s s.castr tree.caidx out",
    old: ["old", "out"],
  },
];

/** Returns no rows, and says so, where neither peer is installed. */
export async function run(cli: string, data?: string): Promise<BenchRow[]> {
  const peers = (["desync", "casync"] as const).filter((name) => isInstalled(name));
  if (!peers.includes("desync")) console.log("  desync is not installed: nothing is measured beside it");
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-chunks-"));
  const ours = [process.execPath, join(dirname(cli), "desync.mjs")] as const;
  try {
    await prepare(folder, ours, versionsIn(data));
    await using server = await startServer(cli, ["store", "serve", join(folder, "s.castr")]);
    const far = await openFarPort(server.port, { oneWayMs });
    const place = { folder, url: `http://127.0.0.1:${far.port}/` };
    const rows: BenchRow[] = [];
    for (const work of works.filter(({ name }) => name.includes(wantedWork)))
      for (const peer of peers) {
        const line = work[peer];
        if (line) rows.push(await race(work, place, [...ours], [peer], line(place), peer));
      }
    await far.close();
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The older and the newer version of a tar file, where full sets are kept. */
function versionsIn(data: string | undefined): readonly [old: string, latest: string] | undefined {
  if (data === undefined) return undefined;
  const [old, latest] = ["old", "new"].map((name) => join(data, "kernel-plain-tar", name));
  if (existsSync(old!) && existsSync(latest!)) return [old!, latest!];
  console.log("  kernel-plain-tar is not in what --data names: small data");
  return undefined;
}

async function prepare(
  folder: string,
  ours: readonly string[],
  versions: readonly [old: string, latest: string] | undefined,
): Promise<void> {
  const dice = new Dice(12);
  const { blobBytes, fileCount } = versions ? large : small;
  const [seed, blob] = versions ? versions.map((path) => readStart(path, blobBytes)) : madeVersions(dice);
  writeFileSync(join(folder, "blob"), blob!);
  writeFileSync(join(folder, "seed"), seed!);
  for (const name of ["s.castr", "tree", "new.castr"]) mkdirSync(join(folder, name));
  for (let i = 0; i < fileCount; i++) writeFileSync(join(folder, "tree", `f${i}`), dice.text(40_000));
  cpSync(join(folder, "tree"), join(folder, "old"), { recursive: true, preserveTimestamps: true });
  for (let i = 0; i < fileCount; i += 10) writeFileSync(join(folder, "old", `f${i}`), dice.text(40_000));
  for (const line of [
    "make -s s.castr blob.caibx blob",
    "make seed.caibx seed",
    "tar -i -s s.castr tree.caidx tree",
  ])
    await timed(folder, ours, line);
}

/** Half of the blob is text, half does not shrink; the seed has two thirds of it. */
function madeVersions(dice: Dice): readonly [seed: Buffer, blob: Buffer] {
  const bytes = small.blobBytes / 64;
  const parts = Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? dice.noise(bytes) : dice.text(bytes)));
  return [Buffer.concat(parts.slice(0, 42)), Buffer.concat(parts)];
}

function readStart(path: string, bytes: number): Buffer {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(bytes);
    return start.subarray(0, readSync(file, start));
  } finally {
    closeSync(file);
  }
}

async function race(
  work: Work,
  place: Place,
  ours: readonly string[],
  theirs: readonly string[],
  theirLine: string,
  peer: string,
): Promise<BenchRow> {
  const seconds = (program: readonly string[], line: string): Promise<number> => {
    rmSync(join(place.folder, "out"), { recursive: true, force: true });
    for (const name of work.fresh ?? []) {
      rmSync(join(place.folder, name), { recursive: true, force: true });
      mkdirSync(join(place.folder, name));
    }
    if (work.old) {
      const [from, to] = work.old.map((name) => join(place.folder, name));
      cpSync(from!, to!, { recursive: true, preserveTimestamps: true });
    }
    spawnSync("sync", ["-f", place.folder]);
    return timed(place.folder, program, line);
  };
  const values: number[] = [];
  const peerValues: number[] = [];
  for (let round = 0; round <= roundCount; round++) {
    const own = await seconds(ours, work.desync(place));
    const other = await seconds(theirs, theirLine);
    if (round === 0) continue; // it warms the system's cache of files
    values.push(1 / own);
    peerValues.push(1 / other);
  }
  const ratios = values.map((value, round) => value / peerValues[round]!);
  const name = `store: ${work.name}`;
  return { name, peer, ratios, unit: "runs/s", value: median(values), peerValue: median(peerValues) };
}

/** Runs a command line to its end; returns the seconds that it took. @throws Error when it fails */
async function timed(folder: string, [program, ...first]: readonly string[], line: string): Promise<number> {
  const began = performance.now();
  const child = spawn(program!, [...first, ...line.split(" ")], { cwd: folder, stdio: "ignore" });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ${line} ended with ${code}`);
  return (performance.now() - began) / 1000;
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ["--help"]).error === undefined;
}
