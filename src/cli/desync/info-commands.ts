import { toHex } from "../../bytes/hex.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { eachChunk } from "../../casync/index-reader.ts";
import { chunkPath } from "../../casync/chunk-name.ts";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileTrouble } from "../../tree/disk/calls/file-trouble.node.ts";
import { writeResult } from "../casync/index-file.ts";
import { writeLines } from "../report/result-output.ts";
import { indexFor } from "./blob-commands.ts";
import { isSet, valueOf } from "./desync-arguments.ts";
import { usualConfigPath } from "./desync-config.ts";
import type { DesyncCommand } from "./desync-command.ts";
import { makeDirs } from "../../bytes/make-dirs.node.ts";
import { desyncStoreOptions } from "./desync-stores.ts";

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
        const stored = path === undefined ? undefined : statsAt(path)?.size;
        const facts = {
          id: toHex(id),
          uncompressed_size: size,
          ...(stored !== undefined && { compressed_size: stored }),
        };
        const text = JSON.stringify(facts, null, 2).replaceAll("\n", "\n  ");
        yield encoder.encode(`${isFirst ? "" : ","}\n  ${text}`);
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
      makeDirs(dirname(path));
      // It may hold secrets.
      writeFileSync(path, `${text}\n`, { mode: 0o600 });
    } catch (thrown) {
      throw fileTrouble(thrown, path);
    }
    tell(`configuration written to ${path}`);
  },
};
