import { existsSync } from "node:fs";
import { closest } from "../options/closest.ts";
import { settingsPath } from "../options/settings-file.ts";
import { otherVariables, variableOf, variablePrefix } from "../options/settings.ts";
import type { Finding } from "./finding.ts";

/** Which settings are read, and variables that look like one and are none. */
export function findSettings(
  options: ReadonlySet<string>,
  environment: NodeJS.ProcessEnv,
): readonly Finding[] {
  const path = settingsPath(environment);
  const names = new Map([...options].map((option) => [variableOf(option), option]));
  const given = Object.keys(environment).filter((name) => name.startsWith(variablePrefix));
  return [
    {
      name: "settings file",
      state: path !== undefined && existsSync(path) ? "ok" : "missing",
      detail: path ?? "RSYNC_STREAM_CONFIG is empty",
    },
    ...given.filter((name) => !otherVariables.has(name)).map((name) => describeVariable(name, names)),
  ];
}

function describeVariable(name: string, names: ReadonlyMap<string, string>): Finding {
  const option = names.get(name);
  if (option !== undefined) return { name: "variable", state: "ok", detail: `${name} sets --${option}` };
  const likely = closest(name.slice(variablePrefix.length).toLowerCase(), [...names.values()]);
  const hint = likely === undefined ? "" : `; did you mean ${variableOf(likely)}?`;
  return { name: "variable", state: "wrong", detail: `${name} names no option${hint}` };
}
