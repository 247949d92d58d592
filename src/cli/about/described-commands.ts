import type { CommandTable, OptionSpec } from "../command.ts";
import { optionsOf } from "../options/arguments.ts";

/** A command as a shell or a reader has to know it. */
export interface DescribedCommand {
  /** Its words: `push`, or `index` and `make`. */
  readonly words: readonly string[];
  readonly synopsis: string;
  readonly about: string;
  readonly options: readonly (readonly [name: string, spec: OptionSpec])[];
  /** All that its first operand may be; none where that is open. */
  readonly choices: readonly string[];
}

/** Loads all commands, and describes them in the order of the table. */
export async function describeAll(commands: CommandTable): Promise<readonly DescribedCommand[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { synopsis, about, load }]) => {
      const command = await load();
      const { choices = [] } = command;
      return {
        words: name.split(" "),
        synopsis,
        about,
        options: Object.entries(optionsOf(command)),
        choices,
      };
    }),
  );
}

/** Values that are paths, by what help calls them. */
const pathValues = new Set(["DIR", "FILE", "LIST", "PATH", "STORE"]);

/** True when an option's value is a path, which a shell can complete. */
export function takesPath({ value }: OptionSpec): boolean {
  return value !== undefined && pathValues.has(value);
}

/** The first words of the commands, each once. */
export function firstWords(all: readonly DescribedCommand[]): readonly string[] {
  return [...new Set(all.map(({ words }) => words[0]!))];
}

/** The second words of the commands that begin with one; none where it is a command itself. */
export function secondWords(all: readonly DescribedCommand[], first: string): readonly DescribedCommand[] {
  return all.filter(({ words }) => words.length > 1 && words[0] === first);
}

/** What is said of a first word: what the command does, or which there are. */
export function aboutFirst(all: readonly DescribedCommand[], first: string): string {
  const alone = all.find(({ words }) => words.length === 1 && words[0] === first);
  return (
    alone?.about ??
    secondWords(all, first)
      .map(({ words }) => words[1])
      .join(", ")
  );
}
