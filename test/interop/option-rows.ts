import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { transferOptions } from "../../src/cli/transfer/transfer-run.ts";
import { remoteOptions } from "../../src/cli/options/remote-options.ts";
import { receiveLimitOptions } from "../../src/cli/options/receive-limits.ts";
import { reportOptions } from "../../src/cli/options/report-options.ts";

/** One option of a transfer as words for both programs. */
export interface OptionRow {
  readonly name: string;
  readonly ours: string;
  /** Absent where rsync needs no word for that. */
  readonly theirs: string | undefined;
}

/** Values of the options that have one; a file is made in the folder of a run. */
const values: Readonly<Record<string, string | ((folder: string) => string)>> = {
  "backup-dir": "../kept",
  bwlimit: "100000",
  "compress-level": "9",
  chmod: "F640,Dg+w",
  digest: "blake3",
  chown: "1:2",
  "compare-dest": "../beside",
  "copy-dest": "../beside",
  exclude: "b",
  "fake-super": "dst",
  "exclude-from": (folder) => fileIn(folder, "excluded", "c\n"),
  "files-from": (folder) => fileIn(folder, "paths", "a\ne\nf/a\n"),
  filter: "- a",
  fsync: "files",
  groupmap: "0:2",
  include: "b",
  "include-from": (folder) => fileIn(folder, "included", "c\n"),
  "link-dest": "../beside",
  "max-delete": "1000",
  "max-size": "10",
  "min-size": "1",
  "modify-window": "1",
  "stop-after": "60",
  "stop-at": "23:59",
  suffix: ".old",
  "temp-dir": "../beside",
  timeout: "60",
  usermap: "0:1",
};

/** What rsync calls otherwise. */
const otherNames: Readonly<Record<string, string | undefined>> = {
  digest: undefined,
  "allow-empty-source": undefined,
  "dir-filters": "-F",
  quick: undefined,
  restart: undefined,
  "fake-super": "--fake-super",
  fsync: "--fsync",
  "no-special-files": "--no-D",
  "special-files": "-D",
};

/** Why an option is not run beside rsync. */
const apart: Readonly<Record<string, string>> = {
  gitignore: "rsync does not read .gitignore files",
  snapshot: "rsync makes no snapshots",
  retain: "rsync makes no snapshots",
  "filter-explain": "nothing is transferred",
  "list-only": "nothing is transferred",
  contimeout: "both ends are here",
  store: "rsync has no stores of chunks",
  "source-store": "rsync knows no indexes of chunks",
  "source-token-file": "both ends are here",
  recursive: "it is for --files-from, and rsync's -r is given always",
  dirs: "it contradicts rsync's -r, which is given always",
  ...reasons(remoteOptions, "both ends are here"),
  ...reasons(receiveLimitOptions, "rsync has no such limits"),
  ...reasons(reportOptions, "what is told changes nothing"),
};

function reasons(options: object, reason: string): Record<string, string> {
  return Object.fromEntries(Object.keys(options).map((name) => [name, reason]));
}

function fileIn(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/**
 * All options of a transfer that are run beside rsync, and why others are not.
 *
 * @throws Error for an option with a value that has none here: add one
 */
export function optionRows(folder: string): {
  readonly rows: readonly OptionRow[];
  readonly apart: ReadonlyMap<string, string>;
} {
  const all = Object.entries(transferOptions);
  const rows = all
    .filter(([name]) => !Object.hasOwn(apart, name))
    .map(([name, { type }]) => {
      const ours = type === "boolean" ? `--${name}` : `--${name}=${valueOf(name, folder)}`;
      return { name, ours, theirs: Object.hasOwn(otherNames, name) ? otherNames[name] : ours };
    });
  return {
    rows,
    apart: new Map(all.flatMap(([name]) => (apart[name] === undefined ? [] : [[name, apart[name]]]))),
  };
}

function valueOf(name: string, folder: string): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} has no value for the test of option pairs`);
  return typeof value === "string" ? value : value(folder);
}
