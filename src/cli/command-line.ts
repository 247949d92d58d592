import { isatty } from "node:tty";
import { errorCodes, SyncError, type SyncErrorCode, toSyncError } from "../errors.ts";
import { describeOptions, readArguments } from "./arguments.ts";
import { closest } from "./closest.ts";
import type { Command, OptionSpecs, OptionValues } from "./command.ts";
import { commands } from "./commands.ts";
import { boundRemoteTroubles } from "./bounded-troubles.ts";
import { abortOnInterrupt } from "./interrupt.ts";
import { jsonReport } from "./json-report.ts";
import type { Report } from "./report.ts";
import { textReport } from "./text-report.ts";

/** Runs a command and resolves with its exit code. The process then ends by itself, once all is written. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  process.stderr.on("error", () => {});
  let report = reportTo({}, false);
  try {
    const [name = "", ...rest] = argv;
    const command = await loadCommand(name);
    const { options, operands } = readArguments(rest, command);
    if (options["help"] === true) {
      console.log(describeCommand(name, command));
      return 0;
    }
    const reportsToOutput = options["json"] === true && !command.writesOutput(options);
    report = reportTo(options, reportsToOutput);
    abortOnInterrupt(controller, command.graceMs);
    if (reportsToOutput) abortOnClosedOutput(controller);
    await command.run({ options, operands, report, signal: controller.signal });
    return 0;
  } catch (thrown) {
    const error = toSyncError(thrown);
    report.failure(error);
    if (process.env["RSYNC_STREAM_DEBUG"]) console.error(thrown);
    return exitOf(error);
  }
}

/** Of what the other end gave up for, these say more than that it failed: nobody interrupted us, nothing is done. */
const tellingCodes: readonly SyncErrorCode[] = ["LIMIT", "UNAUTHORIZED"];

function exitOf({ code, remote }: SyncError): number {
  return remote && !tellingCodes.includes(code) ? 1 : errorCodes[code].exit;
}

async function loadCommand(name: string): Promise<Command> {
  if (name === "") throw new SyncError("USAGE", "a command is missing; see rsync-stream --help");
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  const likely = closest(name, Object.keys(commands));
  const hint = likely === undefined ? "see rsync-stream --help" : `did you mean ${likely}?`;
  throw new SyncError("USAGE", `unknown command "${name}"; ${hint}`);
}

function describeCommand(name: string, { options }: Command): string {
  const { synopsis, about } = commands[name]!;
  return `rsync-stream ${name} ${synopsis}\n\n  ${about}\n\n${describeOptions(options)}`;
}

/** Where the command reports, as its options want it. Standard output is not touched unless it is to be used. */
function reportTo(options: OptionValues<OptionSpecs>, toOutput: boolean): Report {
  const stream = toOutput ? process.stdout : process.stderr;
  const write = (text: string): void => void stream.write(text);
  const quiet = options["quiet"] === true;
  if (options["json"] === true) return boundRemoteTroubles(jsonReport(quiet, write));
  const live = isatty(2);
  const color = wantsColor(options["color"], live);
  return boundRemoteTroubles(textReport({ quiet, verbose: options["verbose"] === true, color, live, write }));
}

function wantsColor(when: string | boolean | undefined = "auto", live: boolean): boolean {
  if (when === "always" || when === "never") return when === "always";
  if (when === "auto") return live && !process.env["NO_COLOR"];
  throw new SyncError("USAGE", `--color takes auto, always or never, not "${when}"`);
}

/** Nobody reads our reports any more: then there is nobody to work for either. */
function abortOnClosedOutput(controller: AbortController): void {
  process.stdout.on("error", (cause) => {
    controller.abort(new SyncError("PEER_GONE", "standard output was closed", { cause }));
  });
}
