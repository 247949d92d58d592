import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { readArguments } from "../../src/cli/options/arguments.ts";
import type { Report } from "../../src/cli/report/report.ts";
import { sync } from "../../src/cli/transfer/sync.ts";
import { isSyncError } from "../../src/errors.ts";
import { createServer } from "../../src/http/server.node.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { builtCli } from "../built.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";
import { pick, plantFewNames } from "./few-names.ts";
import { plantFacts } from "./planted-facts.ts";

/** What a command line lists, in the order of lines. */
async function listedHere(...words: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  const report = new Proxy({} as Report, {
    get: (_, name) =>
      name === "result" ? (_event: string, line: string) => void lines.push(line) : () => {},
  });
  const { options, operands } = readArguments(words, sync);
  const call = { options, operands, report, signal: new AbortController().signal };
  await sync.run(call).catch((thrown: unknown) => {
    if (!isSyncError(thrown, "PARTIAL")) throw thrown;
  });
  return lines.sort();
}

/** The same of rsync, which tells the sizes of directories. */
function listedByRsync(...words: readonly string[]): string[] {
  // A link that leads nowhere is told at both, and ends rsync with 23.
  const { stdout } = spawnSync("rsync", ["-8", "-l", ...words], { encoding: "latin1" });
  const lines = Buffer.from(stdout, "latin1").toString().split("\n").slice(0, -1);
  return lines
    .map((line) => line.replace(/^(d\S+) .{14} /, (_, mode) => `${mode} ${"0".padStart(14)} `))
    .sort();
}

const { test } = unless(missing("rsync") ?? notRoot);

test("rsync lists the same, by the same lines", async () => {
  const random = seededRandom(printedSeed());
  for (let round = 0; round < 8; round++) {
    const folder = freshFolder();
    const from = join(folder, "from");
    if (random() < 0.5) plantFewNames(random, from);
    else plantFacts(random, from, { links: true, specials: true });
    fs.writeFileSync(join(from, "long"), "");
    fs.truncateSync(join(from, "long"), 12_345_678_901);
    fs.chmodSync(join(from, "long"), pick(random, [0o4755, 0o2644, 0o1777, 0o7000]));
    const options = [
      ...pick(random, [["-r"], ["-a"], ["-rm"], ["-d"], []]),
      ...pick(random, [[], ["--exclude=b"], ["--include=*/", "--include=a", "--exclude=*"], ["-L"]]),
    ];
    const place = pick(random, [from, `${from}/`]);
    const more = pick(random, [[], ["--list-only", join(folder, "to")]]);
    const theirs = listedByRsync("--list-only", ...options, place);
    expect(await listedHere(...options, place, ...more), options.join(" ")).toEqual(theirs);
    expect(fs.readdirSync(folder)).toEqual(["from"]);
    fs.rmSync(folder, { recursive: true });
  }
});

test("a place elsewhere is listed as one here", async () => {
  const folder = freshFolder();
  plantFewNames(seededRandom(printedSeed()), join(folder, "tree"));
  fs.writeFileSync(join(folder, "tree", "b.txt"), "b");
  const server = createServer({ root: folder, readOnly: true });
  onTestFinished(() => server.close());
  const url = await server.listen({ port: 0 });
  const shell = `--rsh=sh -c 'eval "$1"'`;
  const program = `--remote-path=${process.execPath} ${builtCli()}`;
  const theirs = listedByRsync("--list-only", "-r", "--exclude=a", join(folder, "tree"));
  for (const place of [`${url}tree`, `${url.replace("http:", "ws:")}tree`, `host:${folder}/tree`]) {
    const remote = place.startsWith("host:") ? [shell, program] : [];
    expect(await listedHere("-r", "--exclude=a", ...remote, place), place).toEqual(theirs);
  }
});
