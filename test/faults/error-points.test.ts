import { setImmediate } from "node:timers/promises";
import { isSyncError, SyncError } from "../../src/errors.ts";
import { onDisk, sharingSystems } from "../loop-disk.ts";
import { missing, noMounting, notLinux, unless } from "../obstacles.ts";
import { openBelow } from "../open-handles.ts";
import { tempDir } from "../unit/tree/disk/disk-tree.ts";
import { failOnce } from "./dying.ts";
import { atPoints, type FaultPlan, type Prepared } from "./points.ts";
import { mayShareBlocks, run, type Told, worldIn } from "./scenarios.ts";
import { differences, type World } from "./world.ts";

/** What a call may fail with that has nothing to do with what is at its path. */
const codes = ["ENOSPC", "EIO", "EACCES", "EMFILE", "EROFS", "EDQUOT"] as const;

const plan: FaultPlan<readonly [at: number, code: (typeof codes)[number]]> = {
  kind: "error points",
  // Which backups there are depends on what could be read of the old files; and no source is
  // removed when any file failed.
  isMeant: ({ options: { backupDir, backupSuffix, removesSourceFiles } }) =>
    backupDir === undefined && backupSuffix === undefined && removesSourceFiles !== true,
  pointsOf: ({ calls }) => [...calls.keys()].flatMap((at) => codes.map((code) => [at, code] as const)),
  async visit(prepared, [at, code], folder) {
    const { result, call } = await failOnce(folder, at, code, () => run(prepared.scenario, folder));
    const faults =
      result.status === "rejected"
        ? faultsOfFailure(result.reason)
        : faultsOfTold(prepared, result.value, folder);
    for (let turn = 0; turn < 8; turn++) await setImmediate(); // for what still goes on unseen
    const left = openBelow(folder).map((path) => `left open: ${path}`);
    return {
      faults: [...faults, ...left].map((fault) => `${call?.name} ${call?.path}: ${fault}`),
      isUnkept: result.status === "fulfilled" && result.value.unkept.length > 0,
    };
  },
};

unless(notLinux).test(
  "whatever call fails, that is told of the path it was about, all else is as intended, and the next run ends well",
  async () => {
    using temp = tempDir();
    await atPoints(temp.path, plan);
  },
);

for (const system of sharingSystems)
  unless(noMounting() ?? missing(system[0])).test(
    `so it is where files share blocks (${system[0]})`,
    (context) => onDisk(context, system, (disk) => atPoints(disk, { ...plan, isMeant: mayShareBlocks })),
  );

/** A failure of the whole is an error with a code that says what it is. */
function faultsOfFailure(reason: unknown): string[] {
  if (!isSyncError(reason)) return [`this is no SyncError: ${String(reason)}`];
  return reason.code === "INTERNAL" ? [`failed as by a mistake: ${show(reason)}`] : [];
}

/** What is not as intended belongs to a path that was told, or to one below or around it. */
function faultsOfTold({ after, before, scenario }: Prepared, told: Told, folder: string): string[] {
  const internal = told.troubles.filter(({ code }) => code === "INTERNAL");
  const paths = told.troubles.map(({ detail }) => detail.path ?? "");
  const deletesNothing = told.troubles.some(({ code }) => code === "PARTIAL");
  const isToBe = (path: string): boolean => !(deletesNothing && before.has(path) && !after.has(path));
  // Names of one file are compared without those that were told.
  const rest = (world: World): World =>
    new Map([...world].filter(([path]) => isToBe(path) && !paths.some((each) => isAbout(each, path))));
  const unnamed = told.unkept.length > 0 ? [] : differences(rest(worldIn(folder, scenario)), rest(after));
  return [
    ...internal.map((trouble) => `told as a mistake: ${show(trouble)}`),
    ...unnamed.map((line) => `nobody told (${told.troubles.map(show).join(", ")}), and it ${line}`),
  ];
}

/** True where a trouble with a path explains what is at another one. */
function isAbout(told: string, path: string): boolean {
  const place = path.replace(/^(?:around\/to|from)\/?/, "");
  return (
    told === "" ||
    told === "." || // the root could not be listed
    told === place ||
    place.startsWith(`${told}/`) ||
    told.startsWith(`${place}/`) ||
    place === ""
  );
}

function show({ code, message, detail }: SyncError): string {
  return `${code} ${detail.path ?? "-"} ${message}`;
}
