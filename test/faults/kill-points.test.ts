import { tempDir } from "../unit/tree/disk/disk-tree.ts";
import { notLinux, unless } from "../obstacles.ts";
import { die } from "./dying.ts";
import { atPoints } from "./points.ts";
import { run } from "./scenarios.ts";

unless(notLinux).test(
  "killed at any call that changes something, each path has the old or the new, and the next run ends well",
  async () => {
    using temp = tempDir();
    await atPoints(temp.path, {
      kind: "kill points",
      pointsOf: ({ calls }) => [...calls.filter(({ changes }) => changes).keys()],
      async visit({ scenario }, point, folder) {
        await die(folder, point, () => run(scenario, folder));
        return { faults: [], isUnkept: false };
      },
    });
  },
);
