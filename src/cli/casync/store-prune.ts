import { castrStore } from "../../casync/castr.node.ts";
import { plainCoding } from "../../casync/chunk-coding.ts";
import { nodeCoding } from "../../casync/compressor.node.ts";
import { readCount } from "../options/arguments.ts";
import { defineCommand } from "../command.ts";
import { idsNamedBy } from "./named-ids.ts";

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
    const coding = options.uncompressed === true ? plainCoding : nodeCoding;
    const olderThanMs = hours * secondsPerHour * 1000;
    await using store = castrStore(path, { coding });
    const named = await idsNamedBy(places, signal);
    const isDry = options["dry-run"] === true;
    let keptCount = 0;
    let goneCount = 0;
    for await (const id of store.ids({ signal })) {
      const isNamed = named.get(id) !== undefined || !store.isOlder(id, olderThanMs);
      if (isNamed) keptCount++;
      else {
        goneCount++;
        if (!isDry) await store.delete(id, { signal });
      }
    }
    if (!isDry) await store.sweep(olderThanMs, { signal });
    const done = isDry ? "would go" : "removed";
    report.notice(`${goneCount} chunks ${done}, ${keptCount} stay`, { removed: goneCount, kept: keptCount });
  },
});
