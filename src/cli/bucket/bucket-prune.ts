import { pruneVersions } from "../../casync/prune-versions.ts";
import { defineCommand } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import { openVersions, versionOptions } from "./version-place.ts";
import { countOf } from "../report/count-of.ts";

const msPerHour = 3_600_000;
const maxHours = 1_000_000;

/** `bucket prune STORE`: removes old versions, and chunks that no version has. */
export const bucketPrune = defineCommand({
  operands: ["STORE"],
  options: {
    "dry-run": { type: "boolean", short: "n", about: "remove nothing, say how much would go" },
    keep: { type: "string", value: "N", about: "keep the last N versions of each name; all unless given" },
    "older-than": {
      type: "string",
      value: "HOURS",
      about: "leave chunks alone that are younger; 24 unless given, for who writes now",
    },
    ...versionOptions,
  },
  writesOutput: () => false,
  async run({ operands: [place], options, report, signal }) {
    const keptCount = readCount("keep", options.keep, 1, Number.MAX_SAFE_INTEGER);
    const hours = readCount("older-than", options["older-than"], 0, maxHours) ?? 24;
    const store = await openVersions(place, options, signal);
    await using chunks = store.chunks;
    const isDry = options["dry-run"] === true;
    const done = await pruneVersions(store, chunks, {
      youngestMs: Date.now() - hours * msPerHour,
      isDry,
      signal,
      ...(keptCount !== undefined && { keptCount }),
    });
    const verb = isDry ? "would go" : "removed";
    report.notice(
      `${verb}: ${countOf(done.versions.length, "old version")}, ${countOf(done.removedChunks, "chunk")}; kept: ${countOf(done.keptChunks, "chunk")}`,
      { versions: done.versions.length, removed: done.removedChunks, kept: done.keptChunks },
    );
  },
});
