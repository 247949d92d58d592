import { existsSync } from "node:fs";
import { isSyncError, type SyncError } from "../../errors.ts";
import { closest } from "../options/closest.ts";
import { neverSet, settingsPath } from "../options/settings-file.ts";
import { otherVariables, settle, variableOf, variablePrefix } from "../options/settings.ts";
import type { DescribedCommand } from "./described-commands.ts";
import type { Finding } from "./finding.ts";

/** Which settings are read, by any command, and variables that look like one and are none. */
export async function findSettings(
  all: readonly DescribedCommand[],
  environment: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  const named = all.flatMap((command) => command.options.map(([name]) => name));
  const options = new Set(named.filter((name) => !neverSet.has(name)));
  const names = new Map([...options].map((option) => [variableOf(option), option]));
  const given = Object.keys(environment).filter((name) => name.startsWith(variablePrefix));
  return [
    await findFile(all, options, environment),
    ...(await Promise.all(
      given
        .filter((name) => !otherVariables.has(name))
        .map((name) => findVariable(name, environment[name]!, all, names)),
    )),
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
  const others = Object.entries(environment).filter(
    ([variable]) => !variable.startsWith(variablePrefix) || otherVariables.has(variable),
  );
  const error = await troubleOf(async () => {
    for (const command of all)
      await settle(
        nameOf(command),
        Object.fromEntries(command.options),
        [],
        vocabulary,
        Object.fromEntries(others),
      );
  });
  if (error) return { name, state: "wrong", detail: `${path}: ${error.message}`, error };
  return { name, state: "ok", detail: path };
}

/** Why settings are refused, if they are. */
async function troubleOf(work: () => Promise<void>): Promise<SyncError | undefined> {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    if (!isSyncError(thrown)) throw thrown;
    return thrown;
  }
}

const nameOf = ({ words }: DescribedCommand) => words.join(" ");

/** What the first command that has the option says of its value. */
async function findVariable(
  variable: string,
  value: string,
  all: readonly DescribedCommand[],
  names: ReadonlyMap<string, string>,
): Promise<Finding> {
  const name = "variable";
  const option = names.get(variable);
  if (option === undefined) {
    const likely = closest(variable.slice(variablePrefix.length).toLowerCase(), [...names.values()]);
    const hint = likely === undefined ? "" : `; did you mean ${variableOf(likely)}?`;
    return { name, state: "wrong", detail: `${variable} names no option${hint}` };
  }
  const command = all.find(({ options }) => options.some(([each]) => each === option))!;
  const vocabulary = { commands: [], options: async () => new Set<string>() };
  const environment = { RSYNC_STREAM_CONFIG: "", [variable]: value };
  const error = await troubleOf(async () => {
    await settle(nameOf(command), Object.fromEntries(command.options), [], vocabulary, environment);
  });
  if (error) return { name, state: "wrong", detail: error.message, error };
  return { name, state: "ok", detail: `${variable} sets --${option}` };
}
