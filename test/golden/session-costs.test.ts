import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, expect } from "vitest";
import type { DataSet } from "../../bench/data/data-set.ts";
import { kernelRenamed, kernelTimes } from "../../bench/data/kernel-changes.ts";
import { kernel, kernelPlainTar } from "../../bench/data/kernel.ts";
import { log } from "../../bench/data/log.ts";
import { few, scattered, tiny } from "../../bench/data/many-files.ts";
import { runs, scatteredEdits, shifts } from "../../bench/data/noise.ts";
import { manifestIn } from "../../bench/data/manifest.ts";
import { prepareSet } from "../../bench/data/prepare.ts";
import { runShell } from "../../bench/data/shell.ts";
import { checkCopy } from "../../bench/flow/copy-check.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import { LockstepLine } from "../lockstep-line.ts";
import { notPosix, unless } from "../obstacles.ts";
import { stopTime } from "../simulated-time.ts";

/** What a session costs on a line, whatever the machine. */
interface Costs {
  readonly sentBytes: number;
  readonly answeredBytes: number;
  readonly roundTrips: number;
}

const file = fileURLToPath(new URL("session-costs.json", import.meta.url));
const manifest = manifestIn(fileURLToPath(new URL("../..", import.meta.url)));
const updates = process.env["UPDATE_DOCS"] === "1";
const listed = JSON.parse(readFileSync(file, "utf8")) as Record<string, Costs>;
/** How many times the listed bytes a session may take before it counts as worse. */
const tolerance = 1.03;

const folder = mkdtempSync(join(tmpdir(), "rsync-stream-costs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(stopTime); // a batch that a timer ends would differ from machine to machine

const works: readonly (readonly [name: string, set: DataSet, start: "empty" | "old" | "same"])[] = [
  ["twenty files of which five changed", few, "old"],
  ["a new version of a tree, every time different", kernel, "old"],
  ["the same, times different where content is", kernelTimes, "old"],
  ["a tree over its exact copy", kernel, "same"],
  ["a directory renamed", kernelRenamed, "old"],
  ["many tiny new files", tiny, "empty"],
  ["many small files, all changed", scattered, "old"],
  ["a large file of text with edits", kernelPlainTar, "old"],
  ["a large binary file, edits in runs", runs, "old"],
  ["a large binary file, many small edits", scatteredEdits, "old"],
  ["a large binary file, bytes inserted and deleted", shifts, "old"],
  ["a log, appended to", log, "old"],
];

unless(notPosix).test.each(works)("%s", async (name, set, start) => {
  const { path, oldPath = path, isTree } = await prepareSet(set, { folder, size: "quick", manifest });
  const from = start === "same" ? path : oldPath;
  const copy = join(folder, "copy");
  const place = isTree ? copy : join(copy, basename(path));
  runShell(folder, 'rm -rf "$1" && mkdir "$1"', copy);
  if (start !== "empty") runShell(folder, 'cp -a "$1" "$2"', isTree ? `${from}/.` : from, place);
  const costs = await sync(isTree ? `${path}/` : path, `${copy}/`);
  checkCopy(path, place);
  if (updates) return record(name, costs);
  expect(listed).toHaveProperty([name]);
  expect(worse(costs, listed[name]!), `see CONTRIBUTING.md: ${JSON.stringify(costs)}`).toEqual([]);
});

async function sync(from: string, to: string): Promise<Costs> {
  const line = new LockstepLine();
  const source = await openTreeSource(from);
  const sent = sendTree(source, line.left);
  const received = receiveTree(await openTreeTarget(to), line.right, { compress: true });
  const { leftBytes, rightBytes, flights } = await line.carry(Promise.all([sent, received]));
  await source.close();
  return { sentBytes: leftBytes, answeredBytes: rightBytes, roundTrips: flights / 2 };
}

/** What has grown, in words. */
function worse(costs: Costs, before: Costs): string[] {
  const grown = (key: keyof Costs, times: number): string[] =>
    costs[key] > before[key] * times ? [`${key}: ${costs[key]}, was ${before[key]}`] : [];
  return [...grown("sentBytes", tolerance), ...grown("answeredBytes", tolerance), ...grown("roundTrips", 1)];
}

function record(name: string, costs: Costs): void {
  const all = JSON.parse(readFileSync(file, "utf8")) as Record<string, Costs>;
  const inOrder = works.flatMap(([each]) => {
    const found = each === name ? costs : all[each];
    return found === undefined ? [] : [[each, found] as const];
  });
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(inOrder), undefined, 2)}\n`);
}
