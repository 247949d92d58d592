import { SyncError } from "../../errors.ts";
import type { OptionSpec, OptionSpecs } from "../command.ts";
import { type FileSettings, neverSet, readSettingsFile, type Vocabulary } from "./settings-file.ts";

/** A command line with the words of settings in front. */
export interface SettledLine {
  readonly argv: readonly string[];
  /** Adds to a failure that names an option where that was set. */
  explain(error: SyncError): SyncError;
}

/** What a setting says of an option: the words of it, as on a command line. */
interface Setting {
  readonly name: string;
  /** Empty where it says that the option is not given. */
  readonly words: readonly string[];
  /** The variable or file that says so. */
  readonly from: string;
}

/** A variable of the environment that is about an option begins with it. */
export const variablePrefix = "RSYNC_STREAM_";

/** Those that are about something else. */
export const otherVariables: ReadonlySet<string> = new Set(
  ["CONFIG", "DEBUG", "TOKEN"].map((name) => variablePrefix + name),
);

/**
 * Puts what the environment and the settings file say in front of a command line, see
 * docs/settings.md.
 *
 * @param name the command
 * @param specs all options that it takes
 * @throws USAGE for settings that make no sense, NOT_FOUND, IO
 */
export async function settle(
  name: string,
  specs: OptionSpecs,
  line: readonly string[],
  vocabulary: Vocabulary,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<SettledLine> {
  const { kept, denied, isAlone } = splitLine(line, specs);
  if (isAlone) return { argv: kept, explain: (error) => error };
  const table = await readSettingsFile(name, specs, vocabulary, environment);
  const settings = Object.entries(specs)
    .filter(([option]) => !neverSet.has(option) && !denied.has(option))
    .map(([option, spec]) => fromVariable(option, spec, environment) ?? fromFile(option, spec, table))
    .filter((setting) => setting !== undefined);
  const isGiven = ({ name }: Setting) => kept.some((word) => word.split("=")[0] === `--${name}`);
  return {
    argv: [...settings.flatMap(({ words }) => words), ...kept],
    explain: (error) =>
      explainBy(
        settings.filter((setting) => !isGiven(setting)),
        error,
      ),
  };
}

/** The variable that sets an option. */
export function variableOf(option: string): string {
  return variablePrefix + option.toUpperCase().replaceAll("-", "_");
}

function explainBy(settings: readonly Setting[], error: SyncError): SyncError {
  const isNamed = ({ name }: Setting) => new RegExp(`--${name}(?![a-z-])`).test(error.message);
  const setting = error.code === "USAGE" ? settings.find(isNamed) : undefined;
  if (setting === undefined) return error;
  return new SyncError("USAGE", `${error.message} (set by ${setting.from})`, { cause: error });
}

/** Takes `--no-settings` and `--no-NAME` out of a line. */
function splitLine(line: readonly string[], specs: OptionSpecs) {
  const end = line.includes("--") ? line.indexOf("--") : line.length;
  const denied = new Set<string>();
  const kept = line.filter((word, at) => {
    const name = at < end && word.startsWith("--no-") ? word.slice("--no-".length) : undefined;
    if (name === undefined || Object.hasOwn(specs, `no-${name}`) || !Object.hasOwn(specs, name)) return true;
    denied.add(name);
    return false;
  });
  const isAlone = line.indexOf("--no-settings") >= 0 && line.indexOf("--no-settings") < end;
  return { kept, denied, isAlone };
}

function fromVariable(option: string, spec: OptionSpec, environment: NodeJS.ProcessEnv): Setting | undefined {
  const from = variableOf(option);
  const text = environment[from];
  if (text === undefined || text === "") return undefined;
  const values = spec.multiple === true ? text.split("\n").filter((value) => value !== "") : [text];
  return {
    name: option,
    words: values.flatMap((value) => wordOf(option, spec, readFlag(value, spec), from)),
    from,
  };
}

function fromFile(option: string, spec: OptionSpec, { values, path }: FileSettings): Setting | undefined {
  const value = values[option];
  if (value === undefined) return undefined;
  const isList = Array.isArray(value);
  if (isList && spec.multiple !== true) throw refused(option, "one value, not several", path);
  const all: readonly unknown[] = isList ? value : [value];
  return { name: option, words: all.flatMap((one) => wordOf(option, spec, one, path)), from: path };
}

const flags: Readonly<Record<string, boolean>> = {
  1: true,
  true: true,
  yes: true,
  0: false,
  false: false,
  no: false,
};

function readFlag(text: string, spec: OptionSpec): string | boolean {
  return spec.type === "boolean" ? (flags[text.toLowerCase()] ?? text) : text;
}

/** The word that gives an option a value; none where it is not to be given. @throws USAGE */
function wordOf(option: string, spec: OptionSpec, value: unknown, from: string): readonly string[] {
  if (spec.type === "boolean") {
    if (typeof value !== "boolean") throw refused(option, "true or false", from);
    return value ? [`--${option}`] : [];
  }
  if (spec.bare !== undefined && typeof value === "boolean") return value ? [`--${option}`] : [];
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint")
    throw refused(option, "a text or a number", from);
  return [`--${option}=${value}`];
}

function refused(option: string, wanted: string, from: string): SyncError {
  return new SyncError("USAGE", `--${option} takes ${wanted} (set by ${from})`);
}
