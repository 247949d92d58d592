import { existsSync } from "node:fs";
import { isSyncError } from "../../errors.ts";
import { closest } from "../options/closest.ts";
import { readSettingsFile, settingsPath } from "../options/settings-file.ts";
import { otherVariables, variableOf, variablePrefix } from "../options/settings.ts";
import type { DescribedCommand } from "./described-commands.ts";
import type { Finding } from "./finding.ts";

/** Which settings are read, by any command, and variables that look like one and are none. */
export async function findSettings(
  all: readonly DescribedCommand[],
  environment: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  const options = new Set(all.flatMap((command) => command.options.map(([name]) => name)));
  const names = new Map([...options].map((option) => [variableOf(option), option]));
  const given = Object.keys(environment).filter((name) => name.startsWith(variablePrefix));
  return [
    await findFile(all, options, environment),
    ...given.filter((name) => !otherVariables.has(name)).map((name) => describeVariable(name, names)),
  ];
}

/** What all commands have to say of the settings file. */
async function findFile(
  all: readonly DescribedCommand[],
  options: ReadonlySet<string>,
  environment: NodeJS.ProcessEnv,
): Promise<Finding> {
  const name = "settings file";
  const path = settingsPath(environment);
  if (path === undefined) return { name, state: "missing", detail: "RSYNC_STREAM_CONFIG is empty" };
  if (!existsSync(path)) return { name, state: "missing", detail: `${path}; none is needed` };
  const vocabulary = { commands: all.map(nameOf), options: async () => options };
  try {
    for (const command of all)
      await readSettingsFile(nameOf(command), Object.fromEntries(command.options), vocabulary, environment);
    return { name, state: "ok", detail: path };
  } catch (error) {
    if (!isSyncError(error)) throw error;
    return { name, state: "wrong", detail: `${path}: ${error.message}`, error };
  }
}

const nameOf = ({ words }: DescribedCommand) => words.join(" ");

function describeVariable(name: string, names: ReadonlyMap<string, string>): Finding {
  const option = names.get(name);
  if (option !== undefined) return { name: "variable", state: "ok", detail: `${name} sets --${option}` };
  const likely = closest(name.slice(variablePrefix.length).toLowerCase(), [...names.values()]);
  const hint = likely === undefined ? "" : `; did you mean ${variableOf(likely)}?`;
  return { name: "variable", state: "wrong", detail: `${name} names no option${hint}` };
}
