import { errorCodes, SyncError, type SyncErrorCode, toSyncError } from "../errors.ts";
import { findQuestion, optionsOf, readArguments } from "./options/arguments.ts";
import { closest } from "./options/closest.ts";
import type { Command, CommandTable, OptionSpecs, OptionValues } from "./command.ts";
import { groupOf, usageOf } from "./command-table.ts";
import { restoreArguments } from "./options/restored-arguments.ts";
import { type SettledLine, settle } from "./options/settings.ts";
import { abortOnInterrupt } from "./interrupt.ts";
import { Reporting } from "./report/reporting.ts";
import { onStatusSignal } from "./report/status-signals.ts";
import { writeText } from "./report/text-output.ts";

const versionWords = new Set(["version", "--version", "-V"]);
const helpWords = new Set(["help", "--help", "-h"]);
const isQuestion = (word: string): boolean => versionWords.has(word) || helpWords.has(word);

/**
 * Runs a command and resolves with its exit code. The process then ends by itself, once all is
 * written.
 */
export async function runCommandLine(argv: readonly string[], commands: CommandTable): Promise<number> {
  const controller = new AbortController();
  const reporting = new Reporting(
    (name) => usageOf(commands, name),
    (failure) => controller.abort(failure),
  );
  let explain = (error: SyncError): SyncError => error;
  let exit = 0;
  try {
    const { name, rest } = findCommand(restoreArguments(argv), commands);
    if (versionWords.has(name)) return await printVersion();
    if (helpWords.has(name)) return await printHelp(topicOf(rest, commands), commands);
    const flags = findFlags(rest);
    if (!Object.hasOwn(commands, name)) await reporting.direct(flags);
    const command = await loadCommand(name, commands);
    await reporting.direct(flags, command, name);
    const line = await settleLine(name, command, rest, commands);
    explain = line.explain;
    const { options, operands } = readArguments(line.argv, command);
    if (options["help"] === true) return await printHelp(name, commands);
    if (options["version"] === true) return await printVersion();
    await reporting.direct(options, command, name);
    abortOnInterrupt(controller, command.graceMs);
    onStatusSignal(() => reporting.report.status());
    const { report } = reporting;
    await command.run({ options, operands, report, signal: controller.signal });
  } catch (thrown) {
    const error = explain(toSyncError(thrown));
    reporting.fail(error);
    controller.abort(error); // what still waits, as for standard input, would keep the process
    if (process.env["RSYNC_STREAM_DEBUG"]) console.error(thrown);
    exit = exitOf(error);
  }
  const failure = await reporting.settle();
  return exit || (failure ? exitOf(failure) : 0);
}

/**
 * The line with what settings say in front, unless it is a question.
 *
 * @throws USAGE, NOT_FOUND, IO
 */
async function settleLine(
  name: string,
  command: Command,
  line: readonly string[],
  commands: CommandTable,
): Promise<SettledLine> {
  if (findQuestion(line, command) !== undefined) return { argv: line, explain: (error) => error };
  const vocabulary = { commands: Object.keys(commands), options: () => optionsOfAll(commands) };
  return settle(name, optionsOf(command), line, vocabulary);
}

/**
 * The command, or what stands for one, and all else. Options without a value may stand in front.
 */
function findCommand(
  argv: readonly string[],
  commands: CommandTable,
): { name: string; rest: readonly string[] } {
  const named = argv.findIndex((word) => !word.startsWith("-"));
  const at = named < 0 ? argv.findIndex(isQuestion) : named;
  if (at < 0) return { name: "", rest: argv };
  const name = argv[at]!;
  const rest = argv.toSpliced(at, 1);
  return groupOf(commands, name).length === 0 ? { name, rest } : findInGroup(name, rest, commands);
}

/** The command of a group whose name is of two words, the second of which one may go without. */
function findInGroup(
  group: string,
  argv: readonly string[],
  commands: CommandTable,
): { name: string; rest: readonly string[] } {
  const at = argv.findIndex((word) => !word.startsWith("-"));
  const name = `${group} ${argv[at] ?? ""}`;
  const names = groupOf(commands, group);
  const usual = names.find((one) => commands[one]!.isUsual === true);
  // A slip of the pen in a command is not taken for an operand.
  const isCommand = helpWords.has(argv[at] ?? "") || closest(name, names) !== undefined;
  if (at >= 0 && usual !== undefined && !isCommand) return { name: usual, rest: argv };
  if (at >= 0) return { name, rest: argv.toSpliced(at, 1) };
  return argv.some(isQuestion) ? { name: "help", rest: [group] } : { name: group, rest: argv };
}

/** What help is asked for: a command, or a group of them. */
function topicOf(argv: readonly string[], commands: CommandTable): string | undefined {
  const [first, second] = argv.filter((word) => !word.startsWith("-"));
  const isTwo = first !== undefined && second !== undefined && groupOf(commands, first).length > 0;
  return isTwo ? `${first} ${second}` : first;
}

/**
 * The flags that decide where and how what is wrong with a line is told, which can then not be read
 * as a whole.
 */
function findFlags(argv: readonly string[]): OptionValues<OptionSpecs> {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  return { json: words.includes("--json"), duplex: words.includes("--duplex") };
}

/** Prints what a command is for and how it is used, or all commands. */
async function printHelp(name: string | undefined, commands: CommandTable): Promise<number> {
  const { describeCommand, describeCommands } = await import("./help.ts");
  if (name === undefined || isQuestion(name)) return print(describeCommands(commands));
  const group = groupOf(commands, name);
  if (group.length > 0) return print(describeCommands(commands, group));
  return print(describeCommand(name, commands[name]!, await loadCommand(name, commands)));
}

async function printVersion(): Promise<number> {
  return print((await import("./program-facts.ts")).readVersion());
}

/**
 * Prints what somebody asked for, who may leave when the first lines say enough.
 *
 * @throws NO_SPACE, IO
 */
async function print(text: string): Promise<number> {
  const failure = await writeText(1, `${text}\n`);
  if (failure && failure.code !== "PEER_GONE") throw failure;
  return 0;
}

/**
 * Of what the other end gave up for, these say more than that it failed: nobody interrupted us,
 * nothing is done.
 */
const tellingCodes: readonly SyncErrorCode[] = ["LIMIT", "UNAUTHORIZED"];

function exitOf({ code, remote }: SyncError): number {
  return remote && !tellingCodes.includes(code) ? 1 : errorCodes[code].exit;
}

/** The names of the options of all commands. */
async function optionsOfAll(commands: CommandTable): Promise<ReadonlySet<string>> {
  const all = await Promise.all(Object.values(commands).map(async ({ load }) => load()));
  return new Set(all.flatMap((command) => Object.keys(optionsOf(command))));
}

async function loadCommand(name: string, commands: CommandTable): Promise<Command> {
  if (name === "") throw new SyncError("USAGE", "a command is missing; see rsync-stream --help");
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  const group = groupOf(commands, name);
  if (group.length > 0) throw new SyncError("USAGE", `${name} is several commands: ${group.join(", ")}`);
  const likely = closest(name, Object.keys(commands));
  const usual = /[/:.]/.test(name)
    ? "push SRC HOST:DST and pull HOST:SRC DST copy"
    : "see rsync-stream --help";
  const hint = likely === undefined ? usual : `did you mean ${likely}?`;
  throw new SyncError("USAGE", `unknown command "${name}"; ${hint}`);
}
