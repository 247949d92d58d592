import { onDisk, sharingSystems } from "../loop-disk.ts";
import { missing, noMounting, notLinux, unless } from "../obstacles.ts";
import { tempDir } from "../unit/tree/disk/disk-tree.ts";
import { die } from "./dying.ts";
import { atPoints, type FaultPlan } from "./points.ts";
import { mayShareBlocks, run } from "./scenarios.ts";

const plan: FaultPlan<number> = {
  kind: "kill points",
  pointsOf: ({ calls }) => [...calls.filter(({ changes }) => changes).keys()],
  async visit({ scenario }, point, folder) {
    await die(folder, point, () => run(scenario, folder));
    return { faults: [], isUnkept: false };
  },
};

unless(notLinux).test(
  "killed at any call that changes something, each path has the old or the new, and the next run ends well",
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
