import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isSyncError, SyncError } from "../../errors.ts";
import type { OptionSpecs } from "../command.ts";
import { closest } from "./closest.ts";
import { readOwnFile } from "./own-file.ts";

type Table = Readonly<Record<string, unknown>>;

/** What the settings file says of the options of one command, by their long names. */
export interface FileSettings {
  readonly values: Table;
  /** The file; empty where there is none. */
  readonly path: string;
}

/** What is asked anew on each line; `repair` lets a command write that otherwise only looks. */
export const neverSet: ReadonlySet<string> = new Set(["help", "version", "no-settings", "repair"]);

/** All commands and all options, to tell what is none. */
export interface Vocabulary {
  readonly commands: readonly string[];
  readonly options: () => Promise<ReadonlySet<string>>;
}

/**
 * Reads what the settings file says of a command: its table, and what stands outside of tables.
 *
 * @param specs all options that the command takes
 * @throws USAGE when the file makes no sense or others may write it, NOT_FOUND, IO
 */
export async function readSettingsFile(
  command: string,
  specs: OptionSpecs,
  vocabulary: Vocabulary,
  environment: NodeJS.ProcessEnv,
): Promise<FileSettings> {
  const path = settingsPath(environment);
  const text = path === undefined ? undefined : readIfThere(path, environment);
  if (path === undefined || text === undefined) return { values: {}, path: "" };
  const all = await parse(text, path);
  const shared = withoutTables(all);
  const own = tableOf(all, command);
  checkTables(all, vocabulary.commands, path);
  checkAsked([...Object.keys(shared), ...Object.keys(own)], path);
  const foreign = Object.keys(shared).filter((name) => !Object.hasOwn(specs, name));
  if (foreign.length > 0) checkNames(foreign, await vocabulary.options(), path);
  checkNames(Object.keys(own), new Set(Object.keys(specs)), path);
  const ours = Object.entries(shared).filter(([name]) => Object.hasOwn(specs, name));
  return { values: { ...Object.fromEntries(ours), ...own }, path };
}

/** Where the settings file is looked for, if anywhere. */
export function settingsPath(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment["RSYNC_STREAM_CONFIG"];
  if (named !== undefined) return named === "" ? undefined : named;
  const usual = process.platform === "win32" ? environment["APPDATA"] : environment["XDG_CONFIG_HOME"];
  return join(usual || join(homedir(), ".config"), "rsync-stream", "config.toml");
}

function readIfThere(path: string, environment: NodeJS.ProcessEnv): string | undefined {
  try {
    return readOwnFile(path, { subject: "the settings file", others: "write", followLinks: true });
  } catch (thrown) {
    // A home directory of somebody else, as under `setpriv`, has none for this user.
    const isNamed = environment["RSYNC_STREAM_CONFIG"] !== undefined;
    if (!isNamed && !existsSync(path)) return undefined;
    if (!isNamed || !isSyncError(thrown, "NOT_FOUND")) throw thrown;
    throw new SyncError("NOT_FOUND", "no such file (set by RSYNC_STREAM_CONFIG)", {
      cause: thrown,
      detail: { path },
    });
  }
}

async function parse(text: string, path: string): Promise<Table> {
  const { parse: parseToml, TomlError } = await import("smol-toml");
  try {
    return parseToml(text);
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    const why = thrown.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new SyncError("USAGE", `line ${thrown.line} of the settings file: ${why}`, {
      cause: thrown,
      detail: { path },
    });
  }
}

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

function withoutTables(table: Table): Table {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => !isTable(value)));
}

/** The table of a command, `[index.make]` for one of two words. */
function tableOf(all: Table, command: string): Table {
  const named = command.split(" ").reduce<unknown>((at, word) => (isTable(at) ? at[word] : undefined), all);
  return isTable(named) ? withoutTables(named) : {};
}

function checkTables(all: Table, commands: readonly string[], path: string): void {
  const named = Object.entries(all).flatMap(([name, value]) => (isTable(value) ? namesIn(name, value) : []));
  const wrong = named.find((name) => !commands.some((command) => command === name));
  if (wrong !== undefined) throw unknown(`[${wrong.replace(" ", ".")}] is no command`, wrong, commands, path);
}

/** The commands that a table and those within it are named after. */
function namesIn(name: string, table: Table): readonly string[] {
  const inner = Object.entries(table).filter(([, value]) => isTable(value));
  const isGroup = inner.length > 0 && inner.length === Object.keys(table).length;
  return [...(isGroup ? [] : [name]), ...inner.map(([word]) => `${name} ${word}`)];
}

function checkAsked(names: readonly string[], path: string): void {
  const wrong = names.find((name) => neverSet.has(name));
  if (wrong === undefined) return;
  throw new SyncError("USAGE", `${wrong} is asked for on a command line alone`, { detail: { path } });
}

function checkNames(names: readonly string[], options: ReadonlySet<string>, path: string): void {
  const wrong = names.find((name) => !options.has(name));
  if (wrong !== undefined) throw unknown(`${wrong} is no option`, wrong, [...options], path);
}

function unknown(what: string, word: string, among: readonly string[], path: string): SyncError {
  const likely = closest(word, among);
  const hint = likely === undefined ? "" : `; did you mean ${likely}?`;
  return new SyncError("USAGE", `${what}${hint}`, { detail: { path } });
}
