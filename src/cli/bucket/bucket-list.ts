import { type Version, Versions } from "../../casync/versions.ts";
import { defineCommand } from "../command.ts";
import { writeLines } from "../report/result-output.ts";
import { openVersions, versionOptions } from "./version-place.ts";

/** `bucket list STORE [NAME]`: the versions that are kept in a bucket. */
export const bucketList = defineCommand({
  operands: ["STORE", "[NAME]"],
  options: versionOptions,
  writesOutput: () => true,
  async run({ operands: [place, name], options, signal }) {
    const { bucket, prefix } = await openVersions(place, options, signal);
    const all = await new Versions(bucket, prefix).list(name, { signal });
    await writeLines(lines(all.filter(({ isPending }) => !isPending)), { signal });
  },
});

async function* lines(versions: readonly Version[]): AsyncGenerator<string> {
  for (const { name, version, kind } of versions)
    yield `${version} ${kind === "caidx" ? "tree" : "file"} ${name}`;
}
