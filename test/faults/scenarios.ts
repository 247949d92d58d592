import fs from "node:fs";
import { join } from "node:path";
import type { SyncError } from "../../src/errors.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { openTarget } from "../../src/transfer/open-target.node.ts";
import { openSource } from "../../src/transfer/open-source.node.ts";
import { transfer } from "../../src/transfer/transfer.node.ts";
import type { TransferOptions } from "../../src/transfer/transfer-options.node.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { asLarge } from "../as-large.ts";
import { noise } from "../unit/tree/disk/disk-tree.ts";
import { die } from "./dying.ts";
import { type World, worldOf } from "./world.ts";

/** Content and mode of a file, what a link holds, or the first name of a file that has several. */
type Planted = readonly [content: Buffer, mode?: number] | string;

/** A run, what there is before it, and what it promises. */
export interface Scenario {
  readonly name: string;
  readonly options: Omit<TransferOptions, "filter">;
  /** True for a stream that goes one way. */
  readonly isOneWay?: true;
  /** True to compare directories by their digests, however small the tree is. */
  readonly isLarge?: true;
  /** Makes the source `from`, the destination `around/to`, and what there is beside it. */
  plant(folder: string): void;
  /** What was done before, and interrupted. */
  begin?(folder: string): Promise<unknown>;
  /** True for paths whose old content may be gone before the new is complete. */
  readonly mayMix?: (path: string) => boolean;
}

/** Makes a tree. Times are set, so that a tree that is planted twice is the same. */
function plantTree(root: string, tree: Readonly<Record<string, Planted>>, time: number): void {
  fs.mkdirSync(root, { recursive: true });
  for (const [path, planted] of Object.entries(tree)) {
    const place = join(root, path);
    fs.mkdirSync(join(place, ".."), { recursive: true });
    if (typeof planted !== "string") {
      fs.writeFileSync(place, planted[0], { mode: 0o644 });
      if (planted[1] !== undefined) fs.chmodSync(place, planted[1]);
    } else if (planted.startsWith("= ")) fs.linkSync(join(root, planted.slice(2)), place);
    else if (planted === "dir") fs.mkdirSync(place, { recursive: true });
    else fs.symlinkSync(planted.slice(3), place);
  }
  const all = fs.readdirSync(root, { recursive: true, encoding: "utf8" });
  for (const path of ["", ...all]) fs.lutimesSync(join(root, path), time, time);
}

const same = noise(20_000, 1);
const large = noise(200_000, 2);
const largeNow = Buffer.concat([large.subarray(0, 90_000), noise(50, 3), large.subarray(90_000)]);

const now: Readonly<Record<string, Planted>> = {
  "added/new": [noise(300, 4)],
  "added/empty": [Buffer.alloc(0)],
  "added/large": [noise(150_000, 5)],
  "added/holes": [Buffer.concat([Buffer.alloc(300_000), noise(10, 6)])],
  changed: [noise(400, 7), 0o600],
  "deep/er/changed": [largeNow],
  "deep/er/touched": [same, 0o755],
  "deep/moved": [noise(80_000, 8)],
  "file-now": [noise(100, 9)],
  "link-now": "-> changed",
  "link-new": "-> nowhere",
  "dir-now/inside": [noise(500, 10)],
  "dir-now/below/inside": [noise(500, 11)],
  "dir-over-link/inside": [noise(60, 12)],
  "empty-dir": "dir",
};

const old: Readonly<Record<string, Planted>> = {
  changed: [noise(500, 20)],
  "deep/er/changed": [large],
  "deep/er/touched": [same],
  "moved-from": [noise(80_000, 8)],
  "file-now": "-> changed",
  "link-now": [noise(70, 21)],
  "dir-now": [noise(600, 22)],
  "dir-over-link": "-> deep",
};

const extras: Readonly<Record<string, Planted>> = {
  "gone/below/file": [noise(100, 30)],
  "gone/link": "-> below/file",
  "gone/other": [noise(40, 31)],
  "deep/gone": [noise(50, 32)],
};

/** Names of one file at the source, which at the destination are other ones. */
const linked: Readonly<Record<string, Planted>> = {
  "a/first": [noise(9000, 40)],
  "a/second": "= a/first",
  "b/third": "= a/first",
  "b/alone": [noise(100, 41)],
  "b/apart": [noise(5000, 42)],
  "c/apart": "= b/apart",
};
const linkedOld: Readonly<Record<string, Planted>> = {
  "a/first": [noise(8000, 43)],
  "a/second": [noise(9000, 40)],
  "b/alone": [noise(5000, 42)],
  "b/apart": "= b/alone",
  "c/apart": "-> nothing",
};

/** Directories that are the same at both ends, with all that is in them. */
const still: Readonly<Record<string, Planted>> = {
  "still/deep/file": [same],
  "still/file": [noise(80, 60)],
  "still/link": "-> file",
  "deep/still/file": [noise(90, 61)],
};
const stillDirs = ["still", "still/deep", "deep/still"];

const [oldTime, newTime] = [1_500_000_000, 1_600_000_000];

/** Plants both sides, and what must stay as it is. */
function plantBoth(folder: string, from: typeof now, to?: typeof now): void {
  plantTree(join(folder, "from"), from, newTime);
  plantTree(join(folder, "outside"), { sentinel: [noise(100, 50)] }, oldTime);
  plantTree(join(folder, "around"), { "beside/sentinel": [noise(100, 51)] }, oldTime);
  if (to) plantTree(join(folder, "around/to"), to, oldTime);
  // What is the same at both ends has the same time.
  if (to && "same" in to) fs.utimesSync(join(folder, "around/to/same"), newTime, newTime);
}

const updated = { ...now, same: [same] as const };
const outdated = { ...old, same: [same] as const };
const update = (folder: string): void => plantBoth(folder, updated, outdated);
const withExtras = (folder: string): void => plantBoth(folder, updated, { ...outdated, ...extras });
const deleting = { maxDeletedCount: 100, forcesDirs: true } as const;

/** All that a run may be killed in, or fail in. */
export const scenarios: readonly Scenario[] = [
  { name: "copy", options: {}, plant: (folder) => plantBoth(folder, now) },
  { name: "update", options: {}, plant: update },
  { name: "delete", options: deleting, plant: withExtras },
  {
    name: "resume",
    options: deleting,
    plant: withExtras,
    begin: (folder) => die(folder, 60, () => run(scenarioOf("delete"), folder)),
  },
  { name: "one way", options: deleting, isOneWay: true, plant: withExtras },
  {
    name: "compared directories",
    options: deleting,
    isLarge: true,
    plant(folder) {
      plantBoth(folder, { ...updated, ...still }, { ...outdated, ...extras, ...still });
      for (const path of [...Object.keys(still), ...stillDirs])
        fs.lutimesSync(join(folder, "around/to", path), newTime, newTime);
    },
  },
  { name: "backup", options: { ...deleting, backupSuffix: "~" }, plant: withExtras },
  { name: "backup dir", options: { ...deleting, backupDir: "../kept" }, plant: withExtras },
  {
    name: "link dest",
    options: { linkDest: ["../beside"] },
    plant(folder) {
      plantBoth(folder, updated, { changed: [noise(500, 20)] });
      const most = Object.fromEntries(Object.entries(updated).filter(([path]) => path !== "changed"));
      plantTree(join(folder, "around/beside"), most, newTime);
    },
  },
  {
    name: "hard links",
    options: { keep: { hardLinks: true }, ...deleting },
    plant: (folder) => plantBoth(folder, linked, linkedOld),
  },
  {
    name: "in place",
    options: { inPlace: true, ...deleting },
    plant: withExtras,
    mayMix: (path) => /^around\/to\/(?:deep\/er\/)?changed$/.test(path),
  },
  { name: "temp dir", options: { tempDir: "../beside", ...deleting }, plant: withExtras },
  {
    name: "fake super",
    options: { keep: { owner: true, group: true, hardLinks: true, fakeSuper: "receiver" }, ...deleting },
    plant: withExtras,
  },
  { name: "fsync", options: { durability: "files", ...deleting }, plant: withExtras },
  {
    name: "remove source files",
    // The directories of the source have another time when it is done.
    options: { removesSourceFiles: true, keep: { omitDirTimes: true } },
    plant: update,
  },
];

/** True for a scenario in which files are made from others, with which they may share blocks. */
export function mayShareBlocks({ name }: Scenario): boolean {
  return ["update", "resume", "one way", "link dest", "in place"].includes(name);
}

export function scenarioOf(name: string): Scenario {
  return scenarios.find((scenario) => scenario.name === name)!;
}

/** What a run told. */
export interface Told {
  readonly changes: readonly string[];
  readonly troubles: readonly SyncError[];
  /** Things that the file system did not keep. */
  readonly unkept: readonly string[];
}

/** Runs a scenario in its folder. */
export async function run(scenario: Scenario, folder: string): Promise<Told> {
  const [from, to] = [`${join(folder, "from")}/`, join(folder, "around/to")];
  const told = { changes: [] as string[], troubles: [] as SyncError[], unkept: [] as string[] };
  const listening: Scenario["options"] = {
    ...scenario.options,
    onChange: ({ change, path }) => void told.changes.push(`${change} ${path}`),
    onTrouble: (error) => void told.troubles.push(error),
    onUnkept: (what) => void told.unkept.push(what),
  };
  if (scenario.isOneWay || scenario.isLarge) await runSession(from, to, { ...scenario, options: listening });
  else await transfer(from, to, listening);
  return told;
}

/** A session of a kind that a transfer between two places here is not. */
async function runSession(
  from: string,
  to: string,
  { options, isLarge, isOneWay }: Pick<Scenario, "isLarge" | "isOneWay" | "options">,
): Promise<void> {
  const source = await openSource(from, {});
  try {
    const target = await openTarget(to, options);
    const [left, right] = duplexPair();
    const onTrouble = options.onTrouble!;
    const [sent, received] = await Promise.allSettled([
      sendTree(isLarge ? asLarge(source) : source, left, { mode: isOneWay ? "one-way" : "duplex" }),
      receiveTree(target, right, { duplex: isOneWay !== true, onTrouble }),
    ]);
    if (received.status === "rejected") throw received.reason;
    if (sent.status === "rejected") throw sent.reason;
  } finally {
    await source.close();
  }
}

/** All that a scenario has. Times of directories count where the receiver sets them. */
export function worldIn(folder: string, { options }: Scenario): World {
  return worldOf(folder, (path) => {
    const inTree = /^around\/to(?:$|\/)(.*)/s.exec(path)?.[1];
    const isSet = inTree !== undefined && options.keep?.omitDirTimes !== true;
    return isSet && fs.existsSync(join(folder, "from", inTree));
  });
}

let folderCount = 0;

/** A folder for one run of a scenario. */
export function folderFor(base: string): { readonly path: string } & Disposable {
  const path = join(base, String(folderCount++));
  fs.mkdirSync(path);
  return { path, [Symbol.dispose]: () => fs.rmSync(path, { recursive: true, force: true }) };
}
