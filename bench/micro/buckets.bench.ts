import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProgram } from "../../test/programs.ts";
import { s3Test, startS3Server } from "../../test/s3-server.ts";
import { startListedKeys } from "../buckets/listed-keys.ts";
import { type Lap, runLap } from "../flow/lap.ts";
import { clearLap, makeWorkbench, measuresMemory } from "../flow/workbench.ts";
import type { BenchRow } from "../row.ts";
import { median } from "../spread.ts";

/*
 * `bucket sync` beside rclone: between two servers of versitygw, and between two listings that are
 * made up and equal. Both compare by checksums, and have as many objects under way. Processor time
 * and memory are those of the programs themselves. Where all is new a third one shows what the
 * servers give at most: a program in Go that makes one GET and one PUT of each object.
 */

const roundCount = 3;
/** What there is none of is not measured. */
const smallCount = Number(process.env["BENCH_OBJECTS"] ?? 2000);
const smallBytes = 16_384;
const longCount = Number(process.env["BENCH_LONG_OBJECTS"] ?? 3);
const longBytes = 67_108_864;
const keyCount = Number(process.env["BENCH_KEYS"] ?? 200_000);
const changedPart = 0.01;
const jobs = 32;

/** Where programs run, and between which buckets. */
interface Course {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly ends: readonly [from: string, to: string];
}

/** Objects of one kind. */
interface Objects {
  readonly name: string;
  readonly count: number;
  readonly sizeBytes: () => number;
}

const kinds: readonly Objects[] = [
  {
    name: "small",
    count: smallCount,
    sizeBytes: () => 1024 + Math.floor(Math.random() * (smallBytes - 1024)),
  },
  { name: "64 MiB", count: longCount, sizeBytes: () => longBytes },
];

/** Returns no rows, and says so, where a program is missing. */
export async function run(cli: string): Promise<BenchRow[]> {
  const missing = ["rclone", "versitygw"].find((name) => findProgram(name) === undefined);
  if (missing !== undefined || !measuresMemory()) {
    const advice = "`go install github.com/versity/versitygw/cmd/versitygw@latest` brings versitygw";
    console.log(`  skip: ${missing ?? "GNU time"} is not installed; ${advice}`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-bench-buckets-"));
  try {
    const env = makeWorkbench(folder, cli);
    const ceiling = buildCeiling(folder, cli);
    const rows: BenchRow[] = [];
    for (const kind of kinds)
      if (kind.count > 0) rows.push(...(await betweenServers(folder, env, kind, ceiling)));
    return keyCount > 0 ? [...rows, ...(await betweenListings(folder, env))] : rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function betweenServers(
  folder: string,
  env: NodeJS.ProcessEnv,
  kind: Objects,
  ceiling: string | undefined,
): Promise<BenchRow[]> {
  const [from, to] = [await startS3Server(), await startS3Server()];
  try {
    const course: Course = {
      folder,
      env: { ...env, ...remotes(from.url, to.url) },
      ends: [`${from.url}/bucket`, `${to.url}/bucket`],
    };
    const { name, count } = kind;
    makeFiles(join(folder, "all"), count, kind);
    await lap(course, "rclone mkdir from:bucket && rclone mkdir to:bucket && rclone copy -q all from:bucket");
    const change = async (): Promise<void> => {
      makeFiles(join(folder, "some"), Math.ceil(count * changedPart), kind);
      await lap(course, "rclone copy -q --ignore-times some from:bucket");
    };
    const empty = async (): Promise<void> => {
      await lap(course, "rm -f state*; rclone delete -q to:bucket");
    };
    return [
      ...(await race(`${name}, all new`, count, course, empty, ceiling)),
      ...(await race(`${name}, nothing changed`, count, course, async () => {})),
      ...(await race(`${name}, 1 % changed`, count, course, change)),
    ];
  } finally {
    await Promise.all([from.stop(), to.stop()]);
  }
}

/** Of equal listings nothing is left but to read them. */
async function betweenListings(folder: string, env: NodeJS.ProcessEnv): Promise<BenchRow[]> {
  await using listed = await startListedKeys(keyCount);
  const course: Course = {
    folder,
    env: { ...env, ...remotes(listed.url, listed.url) },
    ends: [`${listed.url}/from`, `${listed.url}/to`],
  };
  const forget = async (): Promise<void> => rmSync(join(folder, "state"), { force: true });
  return await race(`${keyCount} keys a side, nothing changed`, keyCount, course, forget);
}

/** Returns the program that copies and does nothing else; undefined, and says so, without Go. */
function buildCeiling(folder: string, cli: string): string | undefined {
  if (findProgram("go") === undefined) {
    console.log("  skip: what servers give at most, go is not installed");
    return undefined;
  }
  const program = join(folder, "ceiling");
  const cwd = join(dirname(cli), "../../bench/buckets/ceiling");
  const { status, stderr } = spawnSync("go", ["build", "-o", program, "."], { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`ceiling was not built: ${stderr}`);
  return program;
}

/**
 * Runs the programs in turn, each after the same preparation.
 *
 * @param ceiling the program that does the least that can be
 */
async function race(
  name: string,
  count: number,
  course: Course,
  prepare: () => Promise<void>,
  ceiling?: string,
): Promise<BenchRow[]> {
  const [from, to] = course.ends;
  const lines = {
    ours: `./measure program rsync-stream bucket sync s3+${from} s3+${to} --jobs ${jobs} --state state`,
    rclone: `./measure program rclone sync from:bucket to:bucket --checksum --fast-list --transfers ${jobs} --checkers ${jobs} --s3-no-check-bucket`,
    ...(ceiling !== undefined && {
      "GET and PUT alone": `./measure program ${ceiling} ${from} ${to} ${jobs}`,
    }),
  };
  const laps = new Map<string, Lap[]>(Object.keys(lines).map((who) => [who, []]));
  for (let round = 0; round < roundCount; round++)
    for (const [who, line] of Object.entries(lines)) {
      await prepare();
      laps.get(who)!.push(await lap(course, line));
    }
  const row = (peer: string, unit: string, perUnit: number, of: (lap: Lap) => number): BenchRow => {
    const [own, other] = [laps.get("ours")!.map(of), laps.get(peer)!.map(of)];
    const ratios = own.map((value, round) => other[round]! / value);
    return { name, peer, ratios, unit, value: perUnit / median(own), peerValue: perUnit / median(other) };
  };
  const rowsBeside = (peer: string): BenchRow[] => [
    row(peer, "objects/s", count, ({ seconds }) => seconds),
    row(peer, "objects a second of processor time", count, (one) => one.programs["program"]!.cpuSeconds),
    row(peer, "objects a MB of memory", count, ({ programs }) => programs["program"]!.peakBytes / 1e6),
  ];
  return Object.keys(lines)
    .filter((who) => who !== "ours")
    .flatMap(rowsBeside);
}

async function lap({ folder, env }: Course, line: string): Promise<Lap> {
  clearLap(folder);
  return runLap(line, folder, env);
}

/** Makes a folder of files with new content, the same names each time. */
function makeFiles(folder: string, count: number, { sizeBytes }: Objects): void {
  rmSync(folder, { recursive: true, force: true });
  for (let at = 0; at < count; at++) {
    const path = join(folder, `d${at % 16}`, `k${at}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, randomBytes(sizeBytes()));
  }
}

/** The servers as both programs know them. */
function remotes(from: string, to: string): NodeJS.ProcessEnv {
  const { accessKey, secretKey } = s3Test;
  const remote = (name: string, endpoint: string): NodeJS.ProcessEnv => {
    const facts = {
      type: "s3",
      provider: "Other",
      endpoint,
      access_key_id: accessKey,
      secret_access_key: secretKey,
    };
    const named = Object.entries(facts).map(([key, value]) => [
      `RCLONE_CONFIG_${name}_${key}`.toUpperCase(),
      value,
    ]);
    return Object.fromEntries(named) as NodeJS.ProcessEnv;
  };
  return {
    ...remote("from", from),
    ...remote("to", to),
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    // With the transport of rclone its library takes none.
    AWS_CA_BUNDLE: undefined,
  };
}
