import type { CommandTable } from "./command.ts";

/** The commands whose names begin with this word and have a second one. */
export function groupOf(commands: CommandTable, word: string): readonly string[] {
  return Object.keys(commands).filter((name) => name.startsWith(`${word} `));
}

/** How a command is used, in one line. */
export function usageOf(commands: CommandTable, name: string): string {
  return `usage: rsync-stream ${name} ${commands[name]!.synopsis}`;
}
