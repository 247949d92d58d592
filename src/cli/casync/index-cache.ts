import type { ChunkId } from "../../chunk/chunk.ts";
import { IdSet } from "../../bytes/id-set.ts";
import { inAnyOrder } from "../../bytes/in-any-order.ts";
import { chunksUnderWay } from "../../casync/in-order.ts";
import { digestOfIndex, type IndexChunk, sizeOf } from "../../casync/index-header.ts";
import { openChunkWriter } from "../../casync/open-store.node.ts";
import { eachChunk, type IndexReading } from "../../casync/index-reader.ts";
import { SyncError, toSyncError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { openIndex } from "./index-file.ts";
import { indexAccess, isSoWithAll, jobsOf, openingOf, readerOf, storeOptions } from "./store-options.ts";
import { countOf } from "../report/count-of.ts";

/** `index cache STORE INDEX...`: copies the chunks of indexes into a store. */
export const indexCache = defineCommand({
  operands: ["STORE", "INDEX..."],
  options: storeOptions,
  writesOutput: () => false,
  async run({ operands: [target, ...places], options, report, signal }) {
    const seen = new IdSet();
    const counts = { fetched: 0, there: 0, failed: 0 };
    const { jobCount } = jobsOf(options);
    for (const place of places) {
      const index = await openIndex(place, { signal, ...indexAccess(report, options) });
      const digest = digestOfIndex(index);
      await using store = readerOf(options, report, digest);
      await using cache = openChunkWriter(target, { ...openingOf(options, report, digest), create: true });
      const isThere = (id: ChunkId): Promise<boolean> => (cache.renew ?? cache.has)(id, { signal });
      const copy = async ({ id }: IndexChunk): Promise<void> => {
        if (await isThere(id)) return void counts.there++;
        try {
          await cache.put(await store.get(id, { signal }), { signal });
          counts.fetched++;
        } catch (thrown) {
          signal.throwIfAborted();
          if (isSoWithAll(thrown)) throw thrown;
          counts.failed++;
          report.trouble(toSyncError(thrown));
        }
      };
      await inAnyOrder(distinct(index, seen), chunksUnderWay(jobCount, sizeOf), copy);
    }
    report.notice(
      `${countOf(counts.fetched, "chunk")} fetched, ${counts.there} ${counts.there === 1 ? "was" : "were"} there`,
      counts,
    );
    if (counts.failed > 0)
      throw new SyncError("PARTIAL", `${countOf(counts.failed, "chunk")} could not be fetched`);
  },
});

async function* distinct(index: IndexReading, seen: IdSet): AsyncGenerator<IndexChunk> {
  for await (const chunk of eachChunk(index)) if (seen.add(chunk.id)) yield chunk;
}
