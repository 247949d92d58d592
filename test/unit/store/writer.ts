/**
 * A process that puts chunks into a store and reads them back:
 * `writer PATH FIRST COUNT SIZE [durable]`. Says "ready", then what came of it.
 */
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { isSyncError } from "../../../src/errors.ts";
import { dirStore } from "../../../src/store/dir.node.ts";
import { seededBytes } from "../../../src/testing/random.ts";

const [path, ...numbers] = process.argv.slice(2);
const [first, count, size] = numbers.map(Number) as [number, number, number];

const store = await dirStore(path!, { durable: process.argv[6] === "durable" });
const chunks = Array.from({ length: count }, (_, index) => chunkOf(seededBytes(first + index, size)));
console.log("ready");

async function putAndGet(chunk: Chunk): Promise<void> {
  await store.put(chunk);
  await store.get(chunk.id);
}

const codes: Record<string, number> = {};
for (const result of await Promise.allSettled(chunks.map(putAndGet))) {
  const code =
    result.status === "fulfilled" ? "OK" : isSyncError(result.reason) ? result.reason.code : "FOREIGN";
  codes[code] = (codes[code] ?? 0) + 1;
}
console.log(JSON.stringify(codes));
