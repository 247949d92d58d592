import { closingInTheEnd } from "../../bytes/closing.ts";
import { readSyncInfo } from "../../remotesync/sync-info-json.ts";
import type { SyncInfo } from "../../remotesync/sync-info.ts";
import { WishPlan } from "../../remotesync/wish-plan.ts";
import { createPin } from "../../store/pin.ts";
import type { Bytes } from "../../types.ts";
import { chunkLimitOf, chunkLimitOption } from "../options/chunk-limit.ts";
import { defineCommand } from "../command.ts";
import { readFileBlocks } from "./file-blocks.ts";
import type { FoundChunks } from "./found-chunks.ts";
import { writeOutput } from "../report/result-output.ts";
import { findChunks } from "./tree-chunks.ts";

/** `wish INFO`: the wishlist for a file that is to be rebuilt. */
export const wish = defineCommand({
  operands: ["INFO"],
  options: {
    have: { type: "string", value: "DST", about: "a file or directory whose content need not come" },
    ...chunkLimitOption,
  },
  writesOutput: () => true,
  async run({ operands: [infoPath], options, report, signal }) {
    const limits = chunkLimitOf(options);
    const info = await readSyncInfo(readFileBlocks(infoPath, { signal }), { ...limits, signal });
    if (options.have === undefined) {
      await writeOutput([await wishesFor(info, undefined, signal)], { signal });
      return;
    }
    const found = await findChunks([options.have], {
      signal,
      onTrouble: (error) => report.trouble(error),
      onMissing: (path) => report.notice(`nothing is at ${path}, so all will be asked for`, { path }),
    });
    await closingInTheEnd(
      async () => writeOutput([await wishesFor(info, found.chunks, signal)], { signal }),
      () => found.close(),
    );
  },
});

async function wishesFor(
  info: SyncInfo,
  found: FoundChunks | undefined,
  signal: AbortSignal,
): Promise<Bytes> {
  const pin = createPin(() => {});
  const plan = new WishPlan(info, { pin: async (id) => (found?.has(id) ? pin : undefined) }, signal);
  if (plan.wishes.length > 0) await plan.decide(plan.wishes.length - 1);
  return plan.wishes;
}
