import { SyncError, toSyncError } from "../../errors.ts";
import { digestNamed } from "../casync/size-options.ts";
import { abortOnInterrupt } from "../interrupt.ts";
import { describeError } from "../report/text-report.ts";
import { writeText } from "../report/text-output.ts";
import { isSet, readDesyncArguments, valueOf } from "./desync-arguments.ts";
import type { DesyncCommand } from "./desync-command.ts";
import { desyncCommands } from "./desync-commands.ts";
import { readConfig } from "./desync-config.ts";
import { describeDesync, describeDesyncCommand, everyOption } from "./desync-help.ts";

/** Global options that may stand in front of the command, with their values. */
const leading = /^--?(?:config|digest)$/;

/** Runs a command line of desync and resolves with its exit code: 0 done, 1 failed. */
export async function runDesync(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  try {
    const found = findCommand(argv);
    const isTopic = found.name === "help";
    const { name, rest } = isTopic ? findCommand(found.rest) : found;
    const isQuestion = name === "" || isTopic || rest.includes("--help") || rest.includes("-h");
    const load = Object.hasOwn(desyncCommands, name) ? desyncCommands[name] : undefined;
    if (load === undefined && isQuestion) return await printUsage(argv.length === 0 ? 1 : 0);
    if (load === undefined) throw new SyncError("USAGE", `unknown command "${name}"; see -h`);
    const command = await load();
    if (isQuestion) return await printHelp(name, command);
    await runCommand(name, command, rest, controller);
    return 0;
  } catch (thrown) {
    const error = toSyncError(thrown);
    await writeText(2, `Error: ${describeError(error)}\n`);
    controller.abort(error); // what still waits, as for standard input, would keep the process
    if (process.env["RSYNC_STREAM_DEBUG"]) console.error(thrown);
    return 1;
  }
}

async function runCommand(
  name: string,
  command: DesyncCommand,
  argv: readonly string[],
  controller: AbortController,
): Promise<void> {
  const given = readDesyncArguments(argv, { ...everyOption, ...command.options });
  const [least, most] = command.operandCount;
  if (given.operands.length < least || given.operands.length > most)
    throw new SyncError("USAGE", `usage: desync ${name} ${command.usage}; see -h`);
  abortOnInterrupt(controller);
  if (command.takesHangup?.(given)) process.removeAllListeners("SIGHUP");
  const { signal } = controller;
  const told: Promise<unknown>[] = [];
  await command.run({
    given,
    config: readConfig(valueOf(given, "config")),
    digest: digestNamed(valueOf(given, "digest")),
    signal,
    tell: (line) => void told.push(writeText(2, `${line}\n`)),
  });
  await Promise.all(told);
  if (isSet(given, "verbose")) await writeText(2, `${name}: done\n`);
}

function findCommand(argv: readonly string[]): { name: string; rest: readonly string[] } {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (leading.test(word)) at++;
    else if (!word.startsWith("-")) return { name: word, rest: argv.toSpliced(at, 1) };
  }
  return { name: "", rest: argv };
}

async function printUsage(exit: number): Promise<number> {
  await writeText(2, (await describeDesync()).join("\n"));
  return exit;
}

async function printHelp(name: string, command: DesyncCommand): Promise<number> {
  await writeText(2, describeDesyncCommand(name, command).join("\n"));
  return 0;
}
