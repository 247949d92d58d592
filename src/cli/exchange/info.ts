import { randomInt } from "node:crypto";
import { sha256 } from "../../chunk/digest.ts";
import { maxPermutationCount, randomPermutation } from "../../remotesync/permutation.ts";
import { encodeSyncInfo } from "../../remotesync/sync-info-json.ts";
import { syncInfoOf } from "../../remotesync/sync-info.ts";
import { readCount } from "../options/arguments.ts";
import { chunkLimitOf, chunkLimitOption } from "../options/chunk-limit.ts";
import { defineCommand } from "../command.ts";
import { readFileBlocks } from "./file-blocks.ts";
import { writeLines } from "../report/result-output.ts";

const usualPermCount = 256;
const maxSeed = Number.MAX_SAFE_INTEGER;

/** `info SRC`: the SyncInfo of a file. */
export const info = defineCommand({
  operands: ["SRC"],
  options: {
    perm: {
      type: "string",
      value: "K",
      about: `shuffle by K elements (${usualPermCount}); 1 keeps the order`,
    },
    seed: { type: "string", value: "N", about: "always shuffle in the same way, chosen by this number" },
    ...chunkLimitOption,
  },
  writesOutput: () => true,
  async run({ operands: [path], options, signal }) {
    const count = readCount("perm", options.perm, 1, maxPermutationCount) ?? usualPermCount;
    const seed = readCount("seed", options.seed, 0, maxSeed);
    const perm = randomPermutation(count, seed === undefined ? randomInt : seededSource(seed));
    const syncInfo = await syncInfoOf(readFileBlocks(path, { signal }), perm, {
      ...chunkLimitOf(options),
      signal,
    });
    await writeLines([encodeSyncInfo(syncInfo)], { signal });
  },
});

/** Numbers that follow from a seed alone: 32 bits of a digest each, scaled. */
function seededSource(seed: number): (limit: number) => number {
  let drawnCount = 0;
  return (limit) => {
    const digest = sha256(new TextEncoder().encode(`${seed}/${drawnCount++}`));
    return Math.floor((new DataView(digest.buffer, digest.byteOffset).getUint32(0) / 2 ** 32) * limit);
  };
}
