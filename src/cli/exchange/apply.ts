import { closingInTheEnd } from "../../bytes/closing.ts";
import { dirname } from "node:path";
import type { SyncError } from "../../errors.ts";
import { createBuilder, type BuildProgress } from "../../remotesync/builder.ts";
import { readSyncInfo } from "../../remotesync/sync-info-json.ts";
import { chunkLimitOf, chunkLimitOption } from "../options/chunk-limit.ts";
import { defineCommand } from "../command.ts";
import { readFileBlocks } from "./file-blocks.ts";
import { checkReplaceable, replaceFile } from "./file-replacement.ts";
import type { Progress } from "../report/report.ts";
import { createSpool } from "./spool.ts";
import { findChunks } from "./tree-chunks.ts";

/**
 * `apply INFO DATA DST`: rebuilds a file; the old one stays until the new one is complete and
 * verified.
 */
export const apply = defineCommand({
  operands: ["INFO", "DATA", "DST"],
  options: {
    have: { type: "string", value: "PATH", about: "what `wish` was told; DST unless given" },
    ...chunkLimitOption,
  },
  writesOutput: () => false,
  async run({ operands: [infoPath, dataPath, path], options, report, signal }) {
    checkReplaceable(path);
    const limits = chunkLimitOf(options);
    const info = await readSyncInfo(readFileBlocks(infoPath, { signal }), { ...limits, signal });
    const onTrouble = (error: SyncError): void => report.trouble(error);
    const found = await findChunks([options.have ?? path], { signal, onTrouble });
    const spool = createSpool(dirname(path), found.chunks);
    let last: BuildProgress = { doneBytes: 0, totalBytes: 0, receivedBytes: 0 };
    const rebuild = async (): Promise<void> => {
      const onProgress = (progress: BuildProgress): void => {
        last = progress;
        report.progress(buildProgressOf(progress));
      };
      const builder = createBuilder(info, spool.store, { ...limits, signal, onProgress });
      await replaceFile(path, builder.build(readFileBlocks(dataPath, { signal })));
      report.summary({ action: "rebuilt", ...buildProgressOf(last) });
    };
    await closingInTheEnd(
      () => closingInTheEnd(rebuild, () => spool.close()),
      () => found.close(),
    );
  },
});

/** How far a file is, as the commands report it. */
export function buildProgressOf({ doneBytes, totalBytes, receivedBytes }: BuildProgress): Progress {
  return { doneBytes, totalBytes, newBytes: receivedBytes };
}
