import { IdMap } from "../../bytes/id-map.ts";
import { fromHex, toHex } from "../../bytes/hex.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import { readNamedFile } from "../options/named-file.ts";
import { eachChunk } from "../../casync/extract-blob.node.ts";
import { chunkPath } from "../../casync/chunk-name.ts";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ChunkReader } from "../../store/store.ts";
import { fileTrouble } from "../../tree/disk/calls/file-trouble.node.ts";
import { writeResult } from "../casync/index-file.ts";
import { idsNamedBy } from "../casync/named-ids.ts";
import { writeLines } from "../report/result-output.ts";
import { indexFor } from "./blob-commands.ts";
import { isSet, valueOf } from "./desync-arguments.ts";
import { usualConfigPath } from "./desync-config.ts";
import type { DesyncCommand } from "./desync-command.ts";
import { desyncCacheOption, desyncStoreOptions, indexOpening, readerFor, writerAt } from "./desync-stores.ts";

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
    const index = await indexFor(given.operands[0]!, call);
    const seeds = await idsNamedBy(given.values["seed"] ?? [], { signal, opening: indexOpening(call) });
    const cachePlace = valueOf(given, "cache");
    await using cache = cachePlace === undefined ? undefined : writerAt(cachePlace, call);
    const { cache: _, ...values } = given.values;
    await using store =
      given.values["store"] === undefined ? undefined : readerFor({ ...call, given: { ...given, values } });
    const isIn = async (one: ChunkReader | undefined, id: Uint8Array): Promise<boolean> =>
      one !== undefined && (await one.has(id, { signal }));
    const seen = new IdMap();
    const compressedSizes = readCompressedSizes(valueOf(given, "chunks-info"));
    const { minBytes, averageBytes, maxBytes } = index.sizes;
    const facts = {
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
      "chunk-size-min": minBytes,
      "chunk-size-avg": averageBytes,
      "chunk-size-max": maxBytes,
    };
    for await (const { id, size } of eachChunk(index)) {
      facts.total++;
      facts.size += size;
      if (seen.get(id) !== undefined) continue;
      seen.set(id, 1);
      facts.unique++;
      const inSeed = seeds.get(id) !== undefined;
      const inCache = await isIn(cache, id);
      if (await isIn(store, id)) facts["in-store"]++;
      if (inSeed) facts["in-seed"]++;
      else facts["dedup-size-not-in-seed"] += size;
      if (inCache) facts["in-cache"]++;
      if (inSeed || inCache) continue;
      facts["not-in-seed-nor-cache"]++;
      facts["dedup-size-not-in-seed-nor-cache"] += size;
      facts["dedup-size-not-in-seed-nor-cache-compressed"] += compressedSizes.get(id) ?? 0;
    }
    const isPlain = valueOf(given, "format") === "plain";
    const lines = isPlain
      ? Object.entries(facts).map(([name, value]) => `${name}: ${value}`)
      : [JSON.stringify(facts, null, 2)];
    await writeLines(lines, { signal });
  },
};

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

/** Inspect chunks from an index and an optional local store. */
export const inspectChunks: DesyncCommand = {
  usage: "<index> [<output>]",
  about: "Inspect chunks from an index and an optional local store",
  operandCount: [1, 2],
  options: { ...desyncStoreOptions },
  async run(call) {
    const { given, signal } = call;
    const index = await indexFor(given.operands[0]!, call);
    const folder = valueOf(given, "store");
    const encoder = new TextEncoder();
    const text = (async function* () {
      let isFirst = true;
      yield encoder.encode("[");
      for await (const { id, size } of eachChunk(index)) {
        const path = folder === undefined ? undefined : join(folder, chunkPath(id, ".cacnk"));
        const stored = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.size;
        const facts = {
          id: toHex(id),
          uncompressed_size: size,
          ...(stored !== undefined && { compressed_size: stored }),
        };
        yield encoder.encode(`${isFirst ? "" : ","}\n  ${JSON.stringify(facts)}`);
        isFirst = false;
      }
      yield encoder.encode("\n]\n");
    })();
    await writeResult(given.operands[1] ?? "-", text, { signal });
  },
};

/** Show or write config file. */
export const config: DesyncCommand = {
  usage: "",
  about: "Show config file",
  operandCount: [0, 0],
  options: { write: { type: "boolean", short: "w", about: "write it to the file that it is read from" } },
  async run({ config: facts, given, signal, tell }) {
    const whole = { "s3-credentials": null, "store-options": null, ...facts };
    const text = JSON.stringify(whole, null, 2);
    if (!isSet(given, "write")) return await writeLines([text], { signal });
    const path = valueOf(given, "config") ?? usualConfigPath();
    try {
      mkdirSync(dirname(path), { recursive: true });
      // It may hold secrets.
      writeFileSync(path, `${text}\n`, { mode: 0o600 });
    } catch (thrown) {
      throw fileTrouble(thrown, path);
    }
    tell(`configuration written to ${path}`);
  },
};
