import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Dice } from "../data/dice.ts";
import type { BenchRow } from "../row.ts";
import { median } from "../spread.ts";

/*
 * A mounted index: what is read of it by this program, beside desync, in turn. Who reads is another
 * program, for one that reads what it serves itself would wait for itself.
 */

const roundCount = 5;
const blobBytes = 256_000_000;
const randomCount = 2000;

/** What is read, by a program that prints the seconds that it took. */
const reader = `
  const { openSync, readSync } = require("node:fs");
  const [path, how] = process.argv.slice(1);
  const fd = openSync(path, "r");
  const bytes = Buffer.alloc(how === "random" ? 4096 : 1048576);
  const began = performance.now();
  if (how === "random")
    for (let i = 0; i < ${randomCount}; i++)
      readSync(fd, bytes, 0, 4096, ((i * 7919) % ${Math.floor(blobBytes / 4096)}) * 4096);
  else while (readSync(fd, bytes) > 0);
  console.log((performance.now() - began) / 1000);
`;

const works = [
  { name: "read in order, cold", how: "order", unit: "MB/s", perRun: blobBytes / 1e6 },
  { name: "read in order, again", how: "order", unit: "MB/s", perRun: blobBytes / 1e6, again: true },
  { name: "4 KiB anywhere", how: "random", unit: "reads/s", perRun: randomCount },
] as const;

/** Returns no rows, and says so, where nothing can be mounted or desync is not installed. */
export async function run(cli: string): Promise<BenchRow[]> {
  if (process.geteuid?.() !== 0 || spawnSync("desync", ["--help"]).error !== undefined) {
    console.log("  mounts are measured as root, beside desync, and one of these is missing");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-mounts-"));
  const ours = [process.execPath, join(dirname(cli), "desync.mjs")];
  try {
    for (const name of ["m", "s.castr"]) mkdirSync(join(folder, name));
    const dice = new Dice(20);
    const parts = Array.from({ length: 64 }, (_, i) =>
      i % 2 === 0 ? dice.noise(blobBytes / 64) : dice.text(blobBytes / 64),
    );
    writeFileSync(join(folder, "blob"), Buffer.concat(parts));
    spawnSync("desync", ["make", "-s", "s.castr", "a.caibx", "blob"], { cwd: folder });
    const values = works.map((): number[] => []);
    const peerValues = works.map((): number[] => []);
    for (let round = 0; round < roundCount; round++) {
      (await measure(folder, ours)).forEach((value, i) => values[i]!.push(value));
      (await measure(folder, ["desync"])).forEach((value, i) => peerValues[i]!.push(value));
    }
    return works.map(({ name, unit }, i) => ({
      name: `mount: ${name}`,
      peer: "desync",
      ratios: values[i]!.map((value, round) => value / peerValues[i]![round]!),
      unit,
      value: median(values[i]!),
      peerValue: median(peerValues[i]!),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How fast each work is. All but what is read again finds nothing in memory of the mount. */
async function measure(folder: string, program: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  let child: ChildProcess | undefined;
  for (const work of works) {
    if (child === undefined || !("again" in work)) {
      if (child) await unmount(folder, child);
      child = await mount(folder, program);
    }
    const { stdout } = spawnSync(process.execPath, ["-e", reader, join(folder, "m/a"), work.how]);
    found.push(work.perRun / Number(String(stdout)));
  }
  await unmount(folder, child!);
  return found;
}

async function mount(folder: string, [command, ...first]: readonly string[]): Promise<ChildProcess> {
  const args = [...first, "mount-index", "-s", "s.castr", "a.caibx", "m"];
  const child = spawn(command!, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const isMounted = (): boolean => readFileSync("/proc/self/mountinfo", "utf8").includes(` ${folder}/m `);
  while (!isMounted()) {
    if (child.exitCode !== null) throw new Error(`${command} ${args.join(" ")}: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return child;
}

async function unmount(folder: string, child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  spawnSync("umount", [join(folder, "m")]);
  await ended;
}
