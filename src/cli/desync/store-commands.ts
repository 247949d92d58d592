import { createInterface } from "node:readline";
import type { ChunkId } from "../../chunk/chunk.ts";
import { toHex } from "../../bytes/hex.ts";
import { eachChunk } from "../../casync/index-reader.ts";
import { inAnyOrder } from "../../bytes/in-any-order.ts";
import { chunksUnderWay } from "../../casync/in-order.ts";
import { type IndexChunk, sizeOf } from "../../casync/index-header.ts";
import { type KeptChunk, verifyKept } from "../../casync/kept-chunks.ts";
import { messageOf, SyncError } from "../../errors.ts";
import { idsNamedBy } from "../casync/named-ids.ts";
import { isSoWithAll } from "../casync/store-options.ts";
import { indexFor } from "./blob-commands.ts";
import { blobBytesOf } from "./blob-bytes.ts";
import { isSet, valueOf } from "./desync-arguments.ts";
import type { DesyncCommand } from "./desync-command.ts";
import {
  desyncCacheOption,
  desyncStoreOptions,
  indexOpening,
  keptFor,
  jobsIn,
  readerFor,
  writerAt,
} from "./desync-stores.ts";
import { showProgress } from "./desync-progress.ts";
import { ignoredIds } from "./ignored-ids.ts";
import { countOf } from "../report/count-of.ts";

/** Read chunks in a store and verify their integrity. */
export const verify: DesyncCommand = {
  usage: "-s <dir>",
  about: "Read chunks in a store and verify their integrity",
  operandCount: [0, 0],
  options: {
    store: desyncStoreOptions.store,
    concurrency: desyncStoreOptions.concurrency,
    repair: { type: "boolean", short: "r", about: "remove invalid chunks from the store" },
  },
  async run(call) {
    await using store = keptFor(call);
    for await (const { id, trouble } of verifyKept(store, {
      ...jobsIn(call.given),
      signal: call.signal,
    })) {
      if (trouble === undefined) continue;
      call.tell(`${toHex(id)}: ${trouble.message}`);
      if (isSet(call.given, "repair")) await store.delete(id, { signal: call.signal });
    }
  },
};

/** Read indexes and copy the referenced chunks. */
export const cache: DesyncCommand = {
  usage: "<index> [<index>...]",
  about: "Read indexes and copy the referenced chunks",
  operandCount: [1, Number.POSITIVE_INFINITY],
  options: {
    ...desyncStoreOptions,
    ...desyncCacheOption,
    ignore: { type: "string", about: "index whose chunks are left out" },
    "ignore-chunks": { type: "string", about: "file of ids that are left out" },
  },
  async run(call) {
    const { given, signal } = call;
    const target = valueOf(given, "cache");
    if (target === undefined) throw new SyncError("USAGE", "a cache to fill is missing: -c STORE");
    await using cache = writerAt(target, call);
    const { cache: _, ...values } = given.values;
    await using store = readerFor({ ...call, given: { ...given, values } });
    const seen = await ignoredIds(call);
    let failedCount = 0;
    const isThere = (id: ChunkId): Promise<boolean> => (cache.renew ?? cache.has)(id, { signal });
    using progress = showProgress("Copying", sumOf(given.operands.map(blobBytesOf)));
    let doneBytes = 0;
    const copy = async ({ id, size }: IndexChunk): Promise<void> => {
      try {
        if (!(await isThere(id))) await cache.put(await store.get(id, { signal }), { signal });
        progress.update((doneBytes += size));
      } catch (thrown) {
        signal.throwIfAborted();
        if (isSoWithAll(thrown)) throw thrown;
        failedCount++;
        call.tell(messageOf(thrown));
      }
    };
    for (const place of given.operands) {
      const chunks = (async function* () {
        for await (const chunk of eachChunk(await indexFor(place, call)))
          if (seen.add(chunk.id)) yield chunk;
          else progress.update((doneBytes += chunk.size));
      })();
      await inAnyOrder(chunks, chunksUnderWay(jobsIn(given).jobCount, sizeOf), copy);
    }
    if (failedCount > 0)
      throw new SyncError("PARTIAL", `${countOf(failedCount, "chunk")} could not be copied`);
  },
};

/** Undefined where one of them is. */
function sumOf(counts: readonly (number | undefined)[]): number | undefined {
  return counts.includes(undefined) ? undefined : counts.reduce((sum = 0, one) => sum + one!, 0);
}

/** Remove unreferenced chunks from a store. */
export const prune: DesyncCommand = {
  usage: "<index> [<index>...]",
  about: "Remove unreferenced chunks from a store",
  operandCount: [1, Number.POSITIVE_INFINITY],
  options: {
    ...desyncStoreOptions,
    yes: { type: "boolean", short: "y", about: "do not ask for confirmation" },
  },
  async run(call) {
    const { given, signal } = call;
    await using store = keptFor(call);
    const named = await idsNamedBy(given.operands, { signal, opening: indexOpening(call) });
    if (!isSet(given, "yes") && !(await isConfirmed())) return;
    const look = async ({ id }: KeptChunk): Promise<void> => {
      if (!named.has(id)) await store.delete(id, { signal });
    };
    await inAnyOrder(store.kept({ signal }), { count: jobsIn(given).jobCount ?? 10 }, look);
    await store.sweep(0, { signal });
  },
};

/** Asks until there is an answer; the end of input is a no. */
async function isConfirmed(): Promise<boolean> {
  const lines = createInterface({ input: process.stdin });
  const question = "Warning: The provided index files are the only ones kept. Continue? [y/N]: ";
  process.stderr.write(question);
  for await (const line of lines) {
    if (/^y$/i.test(line.trim())) return true;
    if (/^n?$/i.test(line.trim())) return false;
    process.stderr.write(question);
  }
  return false;
}
