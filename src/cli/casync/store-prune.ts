import { inOrder } from "../../casync/in-order.ts";
import type { KeptChunk } from "../../casync/kept-chunks.ts";
import { openKeptChunks } from "../../casync/open-store.node.ts";
import { readCount } from "../options/arguments.ts";
import { defineCommand } from "../command.ts";
import { idsNamedBy } from "./named-ids.ts";
import { s3Settings } from "./s3-settings.ts";
import { codingOf } from "./store-options.ts";

const secondsPerHour = 3600;
const maxHours = 1_000_000;
/** Chunks that are removed at a time. */
const jobCount = 10;

/** `store prune STORE INDEX...`: removes chunks that no index names. */
export const storePrune = defineCommand({
  operands: ["STORE", "INDEX..."],
  options: {
    "dry-run": { type: "boolean", short: "n", about: "remove nothing, say how much would go" },
    "older-than": {
      type: "string",
      value: "HOURS",
      about: "leave chunks alone that are younger; 24 unless given, for who writes now",
    },
    uncompressed: { type: "boolean", about: "look at the chunks that are not compressed" },
  },
  writesOutput: () => false,
  async run({ operands: [path, ...places], options, report, signal }) {
    const hours = readCount("older-than", options["older-than"], 0, maxHours) ?? 24;
    const youngestMs = Date.now() - hours * secondsPerHour * 1000;
    await using store = openKeptChunks(path, { coding: codingOf(options), s3: s3Settings() });
    const named = await idsNamedBy(places, { signal });
    const isDry = options["dry-run"] === true;
    let keptCount = 0;
    let goneCount = 0;
    const look = async ({ id, writtenMs }: KeptChunk): Promise<void> => {
      if (named.get(id) !== undefined || writtenMs > youngestMs) return void keptCount++;
      goneCount++;
      if (!isDry) await store.delete(id, { signal });
    };
    for await (const _ of inOrder(store.kept({ signal }), { count: jobCount }, look));
    if (!isDry) await store.sweep(hours * secondsPerHour * 1000, { signal });
    const done = isDry ? "would go" : "removed";
    report.notice(`${goneCount} chunks ${done}, ${keptCount} stay`, { removed: goneCount, kept: keptCount });
  },
});
