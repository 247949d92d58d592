import { type CommandTable, defineCommand, type OptionSpec } from "../command.ts";
import { everyOption } from "../options/arguments.ts";
import { exitCodes, readVersion, slashes, summary } from "../program-facts.ts";
import { writeLines } from "../report/result-output.ts";
import { describeAll, type DescribedCommand } from "./described-commands.ts";

/** `man`: the manual page, of the `man` macros of roff. */
export const man = (commands: CommandTable) =>
  defineCommand({
    operands: [],
    options: {},
    writesOutput: () => true,
    async run({ signal }) {
      await writeLines(manualPage(await describeAll(commands), readVersion()), { signal });
    },
  });

/** All commands with their options, and what else a user has to know, as lines of roff. */
export function manualPage(all: readonly DescribedCommand[], version: string): readonly string[] {
  return [
    `.TH RSYNC\\-STREAM 1 "" "rsync\\-stream ${escape(version)}" "User Commands"`,
    ".SH NAME",
    `rsync\\-stream \\- ${escape(lowerFirst(summary))}`,
    ".SH SYNOPSIS",
    ".B rsync\\-stream",
    ".I COMMAND",
    "[\\fIOPTION\\fR...] \\fIOPERAND\\fR...",
    ".SH DESCRIPTION",
    ...text(`${slashes} Options may stand before or behind operands; \`--\` ends them.`),
    ".SH COMMANDS",
    ...all.flatMap(commandLines),
    ".SH OPTIONS OF EVERY COMMAND",
    ...Object.entries(everyOption).flatMap(optionLines),
    ".SH EXIT STATUS",
    ...text(exitCodes.replace("Exit codes: ", "")),
    ".SH ENVIRONMENT",
    ".TP",
    ".B RSYNC_STREAM_CONFIG",
    "The settings file.",
    ".TP",
    ".B RSYNC_STREAM_\\fINAME\\fR",
    ...text("Sets the option of that name, in capitals and with `_` for `-`."),
    ".TP",
    ".B RSYNC_STREAM_TOKEN",
    "The token to show to servers.",
    ".SH FILES",
    ".TP",
    ".I ~/.config/rsync\\-stream/config.toml",
    ...text(
      "The settings file: options by their long names, for all commands or in a table named after one.",
    ),
    ".SH SEE ALSO",
    ".BR rsync (1),",
    ".BR ssh (1),",
    ".BR casync (1)",
  ];
}

function commandLines({ words, synopsis, about, options }: DescribedCommand): readonly string[] {
  return [
    `.SS "${escape(`${words.join(" ")} ${synopsis}`.replaceAll('"', "'"))}"`,
    ...text(`${upperFirst(about)}.`),
    ...options.filter(([, spec]) => !everySpec.has(spec)).flatMap(optionLines),
  ];
}

const everySpec = new Set<OptionSpec>(Object.values(everyOption));

function optionLines([name, spec]: readonly [string, OptionSpec]): readonly string[] {
  return [".TP", formOf(name, spec), ...text(spec.about)];
}

/** An option in bold, its value in italics. */
function formOf(name: string, { short, value, bare }: OptionSpec): string {
  const forms = [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
  const bold = forms.map((form) => `\\fB${escape(form)}\\fR`).join(", ");
  if (value === undefined) return bold;
  const italic = `\\fI${escape(value)}\\fR`;
  return bare === undefined ? `${bold} ${italic}` : `${bold}[=${italic}]`;
}

/** A paragraph: no line of it begins with what roff takes for a request. */
function text(paragraph: string): readonly string[] {
  const escaped = escape(paragraph).replace(/`([^`]*)`/g, "\\fB$1\\fR");
  return [/^[.']/.test(escaped) ? `\\&${escaped}` : escaped];
}

const escape = (word: string) => word.replaceAll("\\", "\\e").replaceAll("-", "\\-");
const upperFirst = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const lowerFirst = (word: string) => word.charAt(0).toLowerCase() + word.slice(1).replace(/\.$/, "");
