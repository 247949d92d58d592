import { verifyKept } from "../../casync/kept-chunks.ts";
import { toHex } from "../../bytes/hex.ts";
import { SyncError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { openChunkReader, openKeptChunks } from "../../casync/open-store.node.ts";
import { storeAccess } from "./store-access.ts";
import { digestNamed, sizeOptions } from "./size-options.ts";
import { codingOf } from "./store-options.ts";
import { countOf } from "../report/count-of.ts";

/** `store verify STORE`: whether the chunks of a store are what their names say. */
export const storeVerify = defineCommand({
  operands: ["STORE"],
  options: {
    repair: { type: "boolean", short: "r", about: "remove damaged chunks" },
    "repair-from": {
      type: "string",
      value: "STORE",
      multiple: true,
      about: "put what this store has in the place of damaged chunks",
    },
    uncompressed: { type: "boolean", about: "look at the chunks that are not compressed" },
    digest: sizeOptions.digest,
  },
  writesOutput: () => false,
  async run({ operands: [path], options, report, signal }) {
    const form = { coding: codingOf(options), digest: digestNamed(options.digest), ...storeAccess(report) };
    await using store = openKeptChunks(path, form);
    const places = options["repair-from"] ?? [];
    await using source = places.length > 0 ? openChunkReader(places, form) : undefined;
    let count = 0;
    let badCount = 0;
    let leftCount = 0;
    for await (const { id, trouble } of verifyKept(store, { signal })) {
      count++;
      if (trouble === undefined) continue;
      badCount++;
      report.trouble(trouble);
      const isRepaired = await repair(id);
      if (!isRepaired) leftCount++;
    }
    report.notice(`${countOf(count, "chunk")}, ${badCount} of them damaged`, {
      chunks: count,
      damaged: badCount,
    });
    if (leftCount > 0)
      throw new SyncError(
        "PARTIAL",
        `${countOf(leftCount, "chunk")} ${leftCount === 1 ? "is" : "are"} damaged or missing now`,
      );

    async function repair(id: Uint8Array): Promise<boolean> {
      if (source === undefined) {
        if (options.repair === true) await store.delete(id, { signal });
        return false;
      }
      try {
        const sound = await source.get(id, { signal });
        await store.delete(id, { signal });
        await store.put(sound, { signal });
        return true;
      } catch (cause) {
        signal.throwIfAborted();
        report.trouble(new SyncError("CHUNK_MISSING", `chunk ${toHex(id)} cannot be replaced`, { cause }));
        return false;
      }
    }
  },
});
