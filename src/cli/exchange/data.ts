import { closingInTheEnd } from "../../bytes/closing.ts";
import { type ChunkSource, writeChunkData } from "../../remotesync/sender.ts";
import { readSyncInfo } from "../../remotesync/sync-info-json.ts";
import { ChunkPlaces, ChunkReader } from "../../tree/disk/source/chunk-reader.node.ts";
import { chunkLimitOf, chunkLimitOption } from "../options/chunk-limit.ts";
import { defineCommand } from "../command.ts";
import { openForReading, readFileBlocks } from "./file-blocks.ts";
import { writeOutput } from "../report/result-output.ts";

/** `data SRC INFO WISH`: the chunks that a wishlist asks for. */
export const data = defineCommand({
  operands: ["SRC", "INFO", "WISH"],
  options: chunkLimitOption,
  writesOutput: () => true,
  async run({ operands: [path, infoPath, wishPath], options, signal }) {
    const limits = chunkLimitOf(options);
    const info = await readSyncInfo(readFileBlocks(infoPath, { signal }), { ...limits, signal });
    const file = await openForReading(path);
    const write = async (): Promise<void> => {
      const reader = new ChunkReader(file.fd, new ChunkPlaces(info.chunks));
      const getRun: ChunkSource["getRun"] = async (ids) => {
        signal.throwIfAborted();
        return reader.read(ids);
      };
      const get: ChunkSource["get"] = async (id) => (await getRun([id]))[0]!;
      const wishlist = readFileBlocks(wishPath, { signal });
      const chunkStream = writeChunkData(info, { get, getRun }, wishlist, { ...limits, signal });
      await writeOutput(chunkStream, { signal });
    };
    await closingInTheEnd(write, () => file.close());
  },
});
