import { everyOption } from "./options/arguments.ts";
import type { Command, CommandEntry, CommandTable, OptionSpec, OptionSpecs } from "./command.ts";
import { exitCodes, slashes, summary } from "./program-facts.ts";

/** No line of help is longer. */
const helpColumns = 80;
/** Where the meanings of options begin. */
const aboutColumn = 27;

/** What `help` prints: all commands, or some of them, a line on each. */
export function describeCommands(
  commands: CommandTable,
  names: readonly string[] = Object.keys(commands),
): string {
  const rows = names.flatMap((name) => {
    const { synopsis, about } = commands[name]!;
    return [...wrap(`rsync-stream ${name} ${synopsis}`, 2, 8), ...wrap(about, 6)];
  });
  return [
    summary,
    "",
    ...rows,
    "",
    "  rsync-stream help COMMAND    the options of a command; also COMMAND --help",
    "  rsync-stream version",
    "",
    ...wrap(exitCodes, 0),
    ...wrap(slashes, 0),
  ].join("\n");
}

/** What `help COMMAND` prints: how it is used, and what its options mean. */
export function describeCommand(
  name: string,
  { synopsis, about }: CommandEntry,
  { options }: Command,
): string {
  return [
    ...wrap(`rsync-stream ${name} ${synopsis}`, 0, 6),
    "",
    ...wrap(about, 2),
    "",
    ...describeOptions({ ...options, ...everyOption, ...options }),
  ].join("\n");
}

function describeOptions(specs: OptionSpecs): string[] {
  return Object.entries(specs).flatMap(([name, spec]) => {
    const form = `  ${formOf(name, spec)}`;
    const [first = "", ...more] = wrap(spec.about, aboutColumn);
    const fits = form.length + 2 <= aboutColumn;
    return fits ? [form + first.slice(form.length), ...more] : [form, first, ...more];
  });
}

/** How an option is written: `-z, --compress`. */
export function formOf(name: string, { short, value, bare }: OptionSpec): string {
  const shortForm = short === undefined ? "    " : `-${short}, `;
  if (value === undefined) return `${shortForm}--${name}`;
  return `${shortForm}--${name}${bare === undefined ? ` ${value}` : `[=${value}]`}`;
}

/**
 * Breaks a text into lines, the first of which is indented by so much and the others by `hanging`.
 */
export function wrap(text: string, indent: number, hanging = indent): string[] {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > helpColumns) {
      lines.push(line);
      line = " ".repeat(hanging);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
