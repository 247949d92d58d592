import { isatty } from "node:tty";
import { errorCodes, SyncError, type SyncErrorCode, toSyncError } from "../errors.ts";
import { readArguments } from "./arguments.ts";
import { closest } from "./closest.ts";
import type { Command, OptionSpecs, OptionValues } from "./command.ts";
import { commands, usageOf } from "./commands.ts";
import { boundRemoteTroubles } from "./bounded-troubles.ts";
import { restoreArguments } from "./restored-arguments.ts";
import { abortOnInterrupt } from "./interrupt.ts";
import { jsonReport } from "./json-report.ts";
import type { Report } from "./report.ts";
import { TextOutput, writeText } from "./text-output.ts";
import { describeError, textReport } from "./text-report.ts";

const versionWords = new Set(["version", "--version", "-V"]);
const helpWords = new Set(["help", "--help", "-h"]);
const isQuestion = (word: string): boolean => versionWords.has(word) || helpWords.has(word);

/**
 * Runs a command and resolves with its exit code. The process then ends by itself, once all is
 * written.
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  let output = new TextOutput(2);
  let other: 1 | 2 | undefined = 1;
  let report = reportTo({}, output);
  let exit = 0;
  /** Reports as the options say, from now on. */
  const direct = (options: OptionValues<OptionSpecs>, command?: Command, name?: string): void => {
    if (command?.writesOutput(options)) other = undefined;
    else if (options["json"] === true) {
      output = new TextOutput(1, (failure) => controller.abort(failure));
      other = 2;
    }
    report = reportTo(options, output, name);
  };
  try {
    const { name, rest } = findCommand(restoreArguments(argv));
    if (versionWords.has(name)) return await printVersion();
    if (helpWords.has(name)) return await printHelp(rest.find((word) => !word.startsWith("-")));
    const flags = findFlags(rest);
    if (!Object.hasOwn(commands, name)) direct(flags);
    const command = await loadCommand(name);
    direct(flags, command, name);
    const { options, operands } = readArguments(rest, command);
    if (options["help"] === true) return await printHelp(name);
    if (options["version"] === true) return await printVersion();
    direct(options, command, name);
    abortOnInterrupt(controller, command.graceMs);
    await command.run({ options, operands, report, signal: controller.signal });
  } catch (thrown) {
    const error = toSyncError(thrown);
    report.failure(error);
    if (process.env["RSYNC_STREAM_DEBUG"]) console.error(thrown);
    exit = exitOf(error);
  }
  await output.settle();
  const lossExit = output.failure === undefined ? 0 : await tellLoss(output.failure, other);
  return exit || lossExit;
}

/**
 * The command, or what stands for one, and all else. Options without a value may stand in front.
 */
function findCommand(argv: readonly string[]): { name: string; rest: readonly string[] } {
  const named = argv.findIndex((word) => !word.startsWith("-"));
  const at = named < 0 ? argv.findIndex(isQuestion) : named;
  if (at < 0) return { name: "", rest: argv };
  return { name: argv[at]!, rest: argv.toSpliced(at, 1) };
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
async function printHelp(name: string | undefined): Promise<number> {
  const { describeCommand, describeCommands } = await import("./help.ts");
  const isCommand = name !== undefined && !isQuestion(name);
  return print(isCommand ? describeCommand(name, await loadCommand(name)) : describeCommands());
}

async function printVersion(): Promise<number> {
  return print((await import("./help.ts")).readVersion());
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
 * Tells the other stream, when that is free, that a report could not be written; returns the exit
 * code for that.
 */
async function tellLoss(failure: SyncError, other: 1 | 2 | undefined): Promise<number> {
  if (failure.code === "PEER_GONE" && other !== 2) return 0; // nobody reads standard error, so nobody misses it
  if (other !== undefined) await writeText(other, `rsync-stream: ${describeError(failure)}\n`);
  return exitOf(failure);
}

/**
 * Of what the other end gave up for, these say more than that it failed: nobody interrupted us,
 * nothing is done.
 */
const tellingCodes: readonly SyncErrorCode[] = ["LIMIT", "UNAUTHORIZED"];

function exitOf({ code, remote }: SyncError): number {
  return remote && !tellingCodes.includes(code) ? 1 : errorCodes[code].exit;
}

async function loadCommand(name: string): Promise<Command> {
  if (name === "") throw new SyncError("USAGE", "a command is missing; see rsync-stream --help");
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  const likely = closest(name, Object.keys(commands));
  const usual = /[/:.]/.test(name)
    ? "push SRC HOST:DST and pull HOST:SRC DST copy"
    : "see rsync-stream --help";
  const hint = likely === undefined ? usual : `did you mean ${likely}?`;
  throw new SyncError("USAGE", `unknown command "${name}"; ${hint}`);
}

/** How the command reports, as its options want it. @throws USAGE */
function reportTo(options: OptionValues<OptionSpecs>, output: TextOutput, name?: string): Report {
  const write = (text: string): void => output.write(text);
  const quiet = options["quiet"] === true;
  const verbose = options["verbose"] === true;
  if (options["json"] === true) return boundRemoteTroubles(jsonReport({ quiet, verbose, write }));
  const live = isatty(2);
  const color = wantsColor(options["color"], live);
  return boundRemoteTroubles(
    textReport({
      quiet,
      verbose,
      color,
      progress: live || options["progress"] === true,
      ...(name !== undefined && { usage: usageOf(name) }),
      ...(live && { columns: () => process.stderr.columns || usualColumns }),
      write,
    }),
  );
}

/** Of a terminal that does not tell. */
const usualColumns = 80;

function wantsColor(when: string | boolean | undefined = "auto", live: boolean): boolean {
  if (when === "always" || when === "never") return when === "always";
  if (when === "auto") return live && !process.env["NO_COLOR"];
  throw new SyncError("USAGE", `--color takes auto, always or never, not "${when}"`);
}
