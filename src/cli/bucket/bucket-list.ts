import { escapeText } from "../../bytes/escaped-text.ts";
import { type Version, Versions } from "../../casync/versions.ts";
import { defineCommand } from "../command.ts";
import { openVersions, versionOptions } from "./version-place.ts";

const kinds = { caidx: "tree", caibx: "file" } as const;

/** `bucket list STORE [NAME]`: the versions that are kept in a bucket. */
export const bucketList = defineCommand({
  operands: ["STORE", "[NAME]"],
  options: versionOptions,
  writesOutput: () => false,
  async run({ operands: [place, name], options, report, signal }) {
    const { bucket, prefix } = await openVersions(place, options, signal);
    const all = await new Versions(bucket, prefix).list(name, { signal });
    const whole = all.filter(({ isPending }) => !isPending);
    for (const one of whole) report.result("version", lineOf(one), factsOf(one));
    if (whole.length === 0)
      report.notice(`there is no version ${name === undefined ? "" : `of "${name}" `}at ${place}`);
  },
});

function lineOf({ name, version, kind }: Version): string {
  return `${version} ${kinds[kind]} ${escapeText(name)}`;
}

function factsOf({ name, version, kind, key }: Version): object {
  return { name, version, kind: kinds[kind], key };
}
