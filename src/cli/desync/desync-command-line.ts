import { SyncError, toSyncError } from "../../errors.ts";
import { digestNamed } from "../casync/size-options.ts";
import { abortOnInterrupt } from "../interrupt.ts";
import { describeError } from "../report/text-report.ts";
import { writeText } from "../report/text-output.ts";
import { type DesyncOptions, isSet, readDesyncArguments, valueOf } from "./desync-arguments.ts";
import type { DesyncCommand } from "./desync-command.ts";
import { desyncCommands } from "./desync-commands.ts";
import { readConfig } from "./desync-config.ts";

/** Options of every command. */
const everyOption = {
  config: { type: "string", about: "config file" },
  digest: { type: "string", about: "sha512-256 or sha256" },
  verbose: { type: "boolean", about: "tell more" },
  help: { type: "boolean", short: "h", about: "print this" },
} as const satisfies DesyncOptions;

/** Global options that may stand in front of the command, with their values. */
const leading = /^--?(?:config|digest)$/;

/** Runs a command line of desync and resolves with its exit code: 0 done, 1 failed. */
export async function runDesync(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  try {
    const { name, rest } = findCommand(argv);
    const isQuestion = name === "" || name === "help" || rest.includes("--help") || rest.includes("-h");
    const load = Object.hasOwn(desyncCommands, name) ? desyncCommands[name] : undefined;
    if (load === undefined && isQuestion) return await printUsage(argv.length === 0 ? 1 : 0);
    if (load === undefined) throw new SyncError("USAGE", `unknown command "${name}"; see -h`);
    const command = await load();
    if (isQuestion) return await printHelp(name, command);
    await runCommand(name, command, rest, controller);
    return 0;
  } catch (thrown) {
    await writeText(2, `Error: ${describeError(toSyncError(thrown))}\n`);
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
  const names = Object.keys(desyncCommands);
  const rows = await Promise.all(
    names.map(async (name) => `  ${name.padEnd(15)} ${(await desyncCommands[name]!()).about}`),
  );
  await writeText(2, ["Usage: desync [command]", "", ...rows, ""].join("\n"));
  return exit;
}

async function printHelp(name: string, { usage, about, options }: DesyncCommand): Promise<number> {
  const rows = Object.entries({ ...options, ...everyOption } as DesyncOptions).map(([long, option]) => {
    const short = option.short === undefined ? "    " : `-${option.short}, `;
    return `  ${short}--${long.padEnd(26)} ${option.about}`;
  });
  await writeText(2, [`Usage: desync ${name} ${usage}`, "", about, "", ...rows, ""].join("\n"));
  return 0;
}
