import { wrap } from "../help.ts";
import type { DesyncOptions } from "./desync-arguments.ts";
import type { DesyncCommand } from "./desync-command.ts";
import { desyncCommands } from "./desync-commands.ts";

/** Options of every command. */
export const everyOption = {
  config: { type: "string", about: "config file" },
  digest: { type: "string", about: "sha512-256 or sha256" },
  verbose: { type: "boolean", about: "tell more" },
  help: { type: "boolean", short: "h", about: "print this" },
} as const satisfies DesyncOptions;

/** Where the meanings of commands and of options begin, and further lines of a usage. */
const nameColumns = 18;
const optionColumns = 35;
const usageIndent = 8;

/** The lines that tell of all commands. */
export async function describeDesync(): Promise<string[]> {
  const rows = await Promise.all(
    Object.entries(desyncCommands).map(async ([name, load]) =>
      row(`  ${name}`, (await load()).about, nameColumns),
    ),
  );
  return ["Usage: desync [command]", "", ...rows.flat(), ""];
}

/** The lines that tell of one command and its options. */
export function describeDesyncCommand(name: string, { usage, about, options }: DesyncCommand): string[] {
  const rows = Object.entries({ ...options, ...everyOption } as DesyncOptions).flatMap(([long, option]) => {
    const short = option.short === undefined ? "    " : `-${option.short}, `;
    return row(`  ${short}--${long}`, option.about, optionColumns);
  });
  return [...wrap(`Usage: desync ${name} ${usage}`, 0, usageIndent), "", ...wrap(about, 0), "", ...rows, ""];
}

/** A name and, from a column on, what it means. */
function row(name: string, about: string, column: number): string[] {
  const [first = "", ...more] = wrap(about, column);
  return [name.padEnd(column) + first.slice(column), ...more];
}
