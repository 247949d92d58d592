import { openKeptChunks } from "../../casync/open-store.node.ts";
import { pruneChunks } from "../../casync/prune-chunks.ts";
import { readCount } from "../options/arguments.ts";
import { defineCommand } from "../command.ts";
import { idsNamedBy } from "./named-ids.ts";
import { storeAccess } from "./store-access.ts";
import { codingOf, indexAccess } from "./store-options.ts";
import { countOf } from "../report/count-of.ts";

const secondsPerHour = 3600;
const maxHours = 1_000_000;

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
    await using store = openKeptChunks(path, { coding: codingOf(options), ...storeAccess(report) });
    const youngestMs = Date.now() - hours * secondsPerHour * 1000;
    const named = await idsNamedBy(places, { signal, ...indexAccess(report) });
    const isDry = options["dry-run"] === true;
    const { removed, kept, young } = await pruneChunks(store, named, { youngestMs, isDry, signal });
    const done = isDry ? "would go" : "removed";
    const stay = kept === 1 ? "stays" : "stay";
    const why = young === 0 ? "" : `, ${young} for being younger than ${countOf(hours, "hour")}`;
    report.notice(`${countOf(removed, "chunk")} ${done}, ${kept} ${stay}${why}`, { removed, kept, young });
  },
});
