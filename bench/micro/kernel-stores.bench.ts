import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProgram } from "../../test/programs.ts";
import type { BenchRow } from "../row.ts";
import { median } from "../spread.ts";

/*
 * Two versions of the source of Linux as tar files, made into chunk stores and brought back, by
 * this program and by desync in turn: processor time. Only where full sets are kept (`--data`).
 */

const roundCount = 3;
const tarMegabytes = 1362;

/** One piece of work: a command line, and those that prepare it. */
interface Work {
  readonly name: string;
  readonly line: string;
  readonly before: readonly string[];
}

const makeOld = "make -s s.castr old.caibx old";
const works: readonly Work[] = [
  { name: "make, cold", line: "make -s s.castr new.caibx new", before: [] },
  { name: "make over the old version", line: "make -s s.castr new.caibx new", before: [makeOld] },
  {
    name: "extract with the old version as a seed",
    line: "extract -s s.castr --seed old.caibx new.caibx out",
    before: [makeOld, "make -s s.castr new.caibx new"],
  },
];

/** Returns no rows, and says so, where something is missing for it. */
export async function run(cli: string, data?: string): Promise<BenchRow[]> {
  const tars = ["old", "new"].map((name) => join(data ?? "", "kernel-plain-tar", name));
  const timer = findProgram("time");
  if (data === undefined || !tars.every((path) => existsSync(path))) {
    console.log("  skip: kernel-stores needs the full set kernel-plain-tar, which --data names");
    return [];
  }
  if (timer === undefined || findProgram("desync") === undefined) {
    console.log("  skip: kernel-stores needs desync and GNU time");
    return [];
  }
  const ours = [process.execPath, join(dirname(cli), "desync.mjs")];
  const rows: BenchRow[] = [];
  for (const work of works) {
    const values: number[] = [];
    const peerValues: number[] = [];
    for (let round = 0; round < roundCount; round++) {
      values.push(tarMegabytes / (await lap(work, tars, timer, ours)));
      peerValues.push(tarMegabytes / (await lap(work, tars, timer, ["desync"])));
    }
    rows.push({
      name: `kernel tar: ${work.name}`,
      peer: "desync",
      ratios: values.map((value, round) => value / peerValues[round]!),
      unit: "MB a second of processor time",
      value: median(values),
      peerValue: median(peerValues),
    });
  }
  return rows;
}

/** Seconds of processor time that the work takes in a fresh folder. */
async function lap(
  { line, before }: Work,
  [old, latest]: readonly string[],
  timer: string,
  program: readonly string[],
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-kernel-stores-"));
  try {
    mkdirSync(join(folder, "s.castr"));
    symlinkSync(old!, join(folder, "old")); // a seed lies beside its index
    symlinkSync(latest!, join(folder, "new"));
    for (const text of before) await runIn(folder, program, text.split(" "));
    const said = await runIn(folder, [timer, "-f", "%U %S", ...program], line.split(" "));
    const [user, system] = said.trim().split("\n").at(-1)!.split(" ").map(Number);
    return user! + system!;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns what it wrote on standard error */
async function runIn(
  folder: string,
  [command, ...first]: readonly string[],
  words: readonly string[],
): Promise<string> {
  const child = spawn(command!, [...first, ...words], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${command} ${words.join(" ")}: ${said}`);
  return said;
}
