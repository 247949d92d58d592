import { IdMap } from "../../bytes/id-map.ts";
import { IdSet } from "../../bytes/id-set.ts";
import { fromHex } from "../../bytes/hex.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { IndexChunk } from "../../casync/index-header.ts";
import type { ChunkReader } from "../../store/store.ts";
import { idsNamedBy } from "../casync/named-ids.ts";
import { readNamedFile } from "../options/named-file.ts";
import { writeLines } from "../report/result-output.ts";
import { indexFor } from "./blob-commands.ts";
import { type DesyncArguments, valueOf } from "./desync-arguments.ts";
import type { DesyncCall, DesyncCommand } from "./desync-command.ts";
import { desyncCacheOption, desyncStoreOptions, indexOpening, readerFor, writerAt } from "./desync-stores.ts";
import { type IdPart, idParts } from "./id-parts.ts";

/** What is told of an index. */
interface IndexFacts {
  total: number;
  unique: number;
  "in-store": number;
  "in-seed": number;
  "in-cache": number;
  "not-in-seed-nor-cache": number;
  size: number;
  "dedup-size-not-in-seed": number;
  "dedup-size-not-in-seed-nor-cache": number;
  "dedup-size-not-in-seed-nor-cache-compressed": number;
  "chunk-size-min": number;
  "chunk-size-avg": number;
  "chunk-size-max": number;
}

/** How desync tells the facts in plain text, in its order. */
const plainNames = {
  size: "Blob size",
  "dedup-size-not-in-seed": "Size of deduplicated chunks not in seed",
  "dedup-size-not-in-seed-nor-cache": "Size of deduplicated chunks not in seed nor cache",
  total: "Total chunks",
  unique: "Unique chunks",
  "in-store": "Chunks in store",
  "in-seed": "Chunks in seed",
  "in-cache": "Chunks in cache",
  "not-in-seed-nor-cache": "Chunks not in seed nor cache",
  "dedup-size-not-in-seed-nor-cache-compressed": "Compressed chunks not in seed nor cache",
  "chunk-size-min": "Chunk size min",
  "chunk-size-avg": "Chunk size avg",
  "chunk-size-max": "Chunk size max",
} as const satisfies Record<keyof IndexFacts, string>;

/** Show information about an index. */
export const info: DesyncCommand = {
  usage: "<index>",
  about: "Show information about an index",
  operandCount: [1, 1],
  options: {
    ...desyncStoreOptions,
    ...desyncCacheOption,
    seed: { type: "string", about: "index of what is there already" },
    format: { type: "string", short: "f", about: "json (default) or plain" },
    "chunks-info": { type: "string", about: "file of inspect-chunks, for sizes of compressed chunks" },
  },
  async run(call) {
    const { given, signal } = call;
    const describe = descriptionIn(given);
    const cachePlace = valueOf(given, "cache");
    await using cache = cachePlace === undefined ? undefined : writerAt(cachePlace, call);
    const { cache: _, ...values } = given.values;
    await using store =
      given.values["store"] === undefined ? undefined : readerFor({ ...call, given: { ...given, values } });
    const compressedSizes = readCompressedSizes(valueOf(given, "chunks-info"));
    const facts: IndexFacts = {
      total: 0,
      unique: 0,
      "in-store": 0,
      "in-seed": 0,
      "in-cache": 0,
      "not-in-seed-nor-cache": 0,
      size: 0,
      "dedup-size-not-in-seed": 0,
      "dedup-size-not-in-seed-nor-cache": 0,
      "dedup-size-not-in-seed-nor-cache-compressed": 0,
      "chunk-size-min": 0,
      "chunk-size-avg": 0,
      "chunk-size-max": 0,
    };
    const looking = { call, cache, store, compressedSizes, seen: new IdSet() };
    for (const part of idParts(given.operands[0]!)) await countPart(facts, part, looking);
    await writeLines(describe(facts), { signal });
  },
};

/** Where chunks are looked for. */
interface Looking {
  readonly call: DesyncCall;
  readonly cache: ChunkReader | undefined;
  readonly store: ChunkReader | undefined;
  readonly compressedSizes: IdMap;
  /** Ids that were counted; the room is used again for each part. */
  readonly seen: IdSet;
}

/** Adds the chunks of a part of all ids to the facts. */
async function countPart(
  facts: IndexFacts,
  isInPart: IdPart,
  { call, cache, store, compressedSizes, seen }: Looking,
): Promise<void> {
  const { given, signal } = call;
  const seeds = await idsNamedBy(given.values["seed"] ?? [], {
    signal,
    opening: indexOpening(call),
    isNamed: isInPart,
  });
  const isIn = async (one: ChunkReader | undefined, id: Uint8Array): Promise<boolean> =>
    one !== undefined && (await one.has(id, { signal }));
  const index = await indexFor(given.operands[0]!, call);
  facts["chunk-size-min"] = index.sizes.minBytes;
  facts["chunk-size-avg"] = index.sizes.averageBytes;
  facts["chunk-size-max"] = index.sizes.maxBytes;
  seen.clear();
  try {
    for await (const chunks of index.chunks)
      for (const chunk of chunks) if (isInPart(chunk.id)) await count(chunk);
  } finally {
    await index.close();
  }

  async function count({ id, size }: IndexChunk): Promise<void> {
    facts.total++;
    facts.size += size;
    if (!seen.add(id)) return;
    facts.unique++;
    const inSeed = seeds.has(id);
    const inCache = await isIn(cache, id);
    if (await isIn(store, id)) facts["in-store"]++;
    if (inCache) facts["in-cache"]++;
    if (inSeed) facts["in-seed"]++;
    else facts["dedup-size-not-in-seed"] += size;
    if (inSeed || inCache) return;
    facts["not-in-seed-nor-cache"]++;
    facts["dedup-size-not-in-seed-nor-cache"] += size;
    facts["dedup-size-not-in-seed-nor-cache-compressed"] += compressedSizes.get(id) ?? 0;
  }
}

/** How the facts are told, as lines. @throws USAGE */
function descriptionIn(given: DesyncArguments): (facts: IndexFacts) => readonly string[] {
  const format = valueOf(given, "format") ?? "json";
  if (format === "json") return (facts) => [JSON.stringify(facts, null, 2)];
  const names = Object.keys(plainNames) as (keyof IndexFacts)[];
  if (format === "plain") return (facts) => names.map((name) => `${plainNames[name]}: ${facts[name]}`);
  throw new SyncError("USAGE", `--format takes json or plain, not "${format}"`);
}

/** Sizes by id, of a file that inspect-chunks wrote. @throws NOT_FOUND, IO, USAGE */
function readCompressedSizes(path: string | undefined): IdMap {
  const sizes = new IdMap();
  if (path === undefined) return sizes;
  try {
    const rows = JSON.parse(readNamedFile(path).toString()) as { id: string; compressed_size?: number }[];
    for (const { id, compressed_size = 0 } of rows) sizes.set(fromHex(id), compressed_size);
    return sizes;
  } catch (cause) {
    if (isSyncError(cause)) throw cause;
    throw new SyncError("USAGE", "this is no list of inspect-chunks", { cause, detail: { path } });
  }
}
