import { writeChunkData } from "../remotesync/sender.ts";
import { readSyncInfo } from "../remotesync/sync-info-json.ts";
import type { SyncInfo } from "../remotesync/sync-info.ts";
import { chunkLimitOf, chunkLimitOption } from "./chunk-limit.ts";
import { defineCommand } from "./command.ts";
import { openForReading, readFileBlocks, readPart } from "./file-blocks.ts";
import { FoundChunks, type ReadPart } from "./found-chunks.ts";
import { writeOutput } from "./stdio.ts";

/** `data SRC INFO WISH`: the chunks that a wishlist asks for. */
export const data = defineCommand({
  operands: ["SRC", "INFO", "WISH"],
  options: chunkLimitOption,
  writesOutput: () => true,
  async run({ operands: [path, infoPath, wishPath], options, signal }) {
    const limits = chunkLimitOf(options);
    const info = await readSyncInfo(readFileBlocks(infoPath, { signal }), { ...limits, signal });
    const file = await openForReading(path);
    try {
      const chunks = placeChunks(info, (offset, size) => readPart(file, offset, size));
      await writeOutput(
        writeChunkData(info, chunks, readFileBlocks(wishPath, { signal }), { ...limits, signal }),
        {
          signal,
        },
      );
    } finally {
      await file.close();
    }
  },
});

/** Where the description says that the chunks lie; that they do is checked when they are read. */
function placeChunks({ chunks }: SyncInfo, read: ReadPart): FoundChunks {
  const found = new FoundChunks();
  found.addOwner(read);
  let offset = 0;
  for (const { id, size } of chunks) {
    found.add(id, offset, size);
    offset += size;
  }
  return found;
}
