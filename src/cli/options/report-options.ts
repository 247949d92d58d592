import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** The form of `--itemize-changes`. */
export const itemizedFormat = "%i %n%L";

/** Options of transfers about what is told of them. */
export const reportOptions = {
  "itemize-changes": {
    type: "boolean",
    short: "i",
    about: "tell each change by a line of letters, as rsync does",
    unlike:
      "of a dry run all is told in the order of names, deletions last; of a run, as things are done; bytes in names are escaped as \\x0a; given twice, no more is told",
    doc: "tell each change by a line of [letters](#what-is-told), as rsync does",
  },
  "out-format": {
    type: "string",
    value: "FORMAT",
    about: "tell each change in this form: %i %n %L %f %l %o %t %p",
    doc: "tell each change in a [form](#what-is-told) of its own",
    unlike:
      "%i, %n, %L, %f, %l, %o, %t, %p and %% only; %f is the path below DST, %o of what comes here recv",
  },
  "log-file": {
    type: "string",
    value: "FILE",
    about: "write what is told to this file, too, with the time",
  },
  stats: {
    type: "boolean",
    about: "end with all figures, one a line",
    unlike: "the figures are those of --json",
  },
  info: {
    type: "string",
    value: "FLAGS",
    multiple: true,
    about: "progress2, name or stats, joined by commas",
    unlike: "progress2, name and stats only",
  },
} as const satisfies OptionSpecs;

/** What is told, and where else. */
export interface ReportOptions {
  /** The form in which changes are told; undefined where they are told in words, if at all. */
  readonly format: string | undefined;
  readonly logFile: string | undefined;
  readonly stats: boolean;
  /** True to show how far the whole is, also where there is no terminal. */
  readonly progress: boolean;
  /** True to tell of each file how fast it came. */
  readonly perFile: boolean;
}

const infoFlags = ["progress2", "name", "stats"] as const;

/**
 * Reads them of any command, whether it has them or not.
 *
 * @param specs its options: `--progress` is about single files where changes are told
 * @throws USAGE
 */
export function readReportOptions(
  options: OptionValues<OptionSpecs>,
  specs: OptionSpecs = {},
): ReportOptions {
  const given = options as OptionValues<typeof reportOptions> & { readonly progress?: boolean };
  const info = (given.info ?? []).flatMap((flags) => flags.split(","));
  const unknown = info.find(
    (flag) => !infoFlags.some((name) => flag.replace(/(?<=stats|name)[12]$/, "") === name),
  );
  if (unknown !== undefined)
    throw new SyncError("USAGE", `--info knows ${infoFlags.join(", ")}, not "${unknown}"`);
  const has = (name: string): boolean => info.some((flag) => flag.startsWith(name));
  const perFile = given.progress === true && Object.hasOwn(specs, "out-format");
  const named = has("name") || perFile ? "%n" : undefined;
  const usual = given["itemize-changes"] === true ? itemizedFormat : named;
  return {
    format: given["out-format"] ?? usual,
    logFile: given["log-file"],
    stats: given.stats === true || has("stats"),
    progress: (given.progress === true && !perFile) || has("progress2"),
    perFile,
  };
}
