import { isatty } from "node:tty";
import { SyncError } from "../../errors.ts";
import { boundRemoteTroubles } from "./bounded-troubles.ts";
import type { ChangeTelling, FormatChange } from "./change-format.ts";
import type { Command, OptionSpecs, OptionValues } from "../command.ts";
import { joinReports } from "./joined-reports.ts";
import { jsonReport } from "./json-report.ts";
import type { Report } from "./report.ts";
import type { FileProgress } from "./file-progress.ts";
import { itemizedFormat, readReportOptions, type ReportOptions } from "../options/report-options.ts";
import { TextOutput, writeText } from "./text-output.ts";
import { describeError, textReport } from "./text-report.ts";

type Options = OptionValues<OptionSpecs>;

/** How changes are told, where they are told in other forms than words. */
interface ChangeTools {
  readonly files?: FileProgress | undefined;
  readonly format?: FormatChange | undefined;
}

/** Decides where a command reports and how, and tells what could not be written. */
export class Reporting {
  readonly #usageOf: (name: string) => string;
  readonly #onLoss: (failure: SyncError) => void;
  readonly #errors = new TextOutput(2);
  /** Standard output, once lines are written there. */
  #lines: TextOutput | undefined;
  #isJson = false;
  #isOutputFree = true;
  #lostLog: SyncError | undefined;
  /** What the command ended with. */
  #told: SyncError | undefined;
  #report: Report;

  /**
   * @param usageOf how a command is used
   * @param onLoss called when what a program reads cannot be written
   */
  constructor(usageOf: (name: string) => string, onLoss: (failure: SyncError) => void) {
    this.#usageOf = usageOf;
    this.#onLoss = onLoss;
    this.#report = this.#reportTo({}, readReportOptions({}));
  }

  get report(): Report {
    return this.#report;
  }

  /** Tells what the command ended with. */
  fail(error: SyncError): void {
    this.#told = error;
    this.#report.failure(error);
  }

  /** Where reports go: changes to the last one, all else to the first. */
  get #outputs(): readonly TextOutput[] {
    if (this.#lines === undefined) return [this.#errors];
    return this.#isJson ? [this.#lines] : [this.#errors, this.#lines];
  }

  /** Reports as the options say, from now on. @throws USAGE, IO */
  async direct(options: Options, command?: Command, name?: string): Promise<void> {
    this.#isOutputFree = command?.writesOutput(options) !== true;
    const asked = readReportOptions(options, command?.options);
    this.#isJson = options["json"] === true;
    const takesLines = this.#isOutputFree && (this.#isJson || asked.format !== undefined);
    this.#lines = takesLines ? (this.#lines ?? new TextOutput(1, this.#onLoss)) : undefined;
    const telling = tellingOf(options, name);
    const files = asked.perFile ? new (await import("./file-progress.ts")).FileProgress() : undefined;
    const format = asked.format === undefined ? undefined : await formatOf(asked.format, telling);
    const shown = boundRemoteTroubles(this.#reportTo(options, asked, name, { files, format }));
    this.#report =
      asked.logFile === undefined ? shown : joinReports(shown, await this.#logReport(asked, telling));
  }

  /** Resolves when all is written, with what was lost, which is told where that can be done. */
  async settle(): Promise<SyncError | undefined> {
    for (const output of this.#outputs) await output.settle();
    const failed = this.#outputs.find((output) => output.failure !== undefined);
    const failure = failed?.failure ?? this.#lostLog;
    if (failure === undefined) return undefined;
    // Nobody reads standard error, so nobody misses it.
    if (failure.code === "PEER_GONE" && failed?.descriptor === 2) return undefined;
    // Lines that were lost end the command, which told so where it reports.
    if (failure === this.#told && failed !== this.#outputs[0]) return failure;
    const other = this.#otherThan(failed);
    if (other !== undefined) await writeText(other, `rsync-stream: ${describeError(failure)}\n`);
    return failure;
  }

  /** A stream on which something can be told, when that is free. */
  #otherThan(failed: TextOutput | undefined): 1 | 2 | undefined {
    if (failed?.descriptor !== 2) return 2;
    return this.#isOutputFree && this.#outputs.length === 1 ? 1 : undefined;
  }

  /** @throws USAGE */
  #reportTo(
    options: Options,
    { stats, progress }: ReportOptions,
    name?: string,
    { files, format }: ChangeTools = {},
  ): Report {
    const outputs = this.#outputs;
    const write = (text: string): void => outputs[0]!.write(text);
    const quiet = options["quiet"] === true;
    const verbose = options["verbose"] === true;
    if (this.#isJson) return jsonReport({ quiet, verbose, write });
    const live = isatty(2);
    return textReport({
      quiet,
      verbose,
      files,
      stats,
      color: wantsColor(options["color"], live),
      progress: live || progress,
      ...(format !== undefined && {
        changes: {
          format,
          write: (text) => outputs.at(-1)!.write(text),
        },
      }),
      ...(name !== undefined && { usage: this.#usageOf(name) }),
      ...(live && { columns: () => process.stderr.columns || usualColumns }),
      write,
      writeResult: (text) => (this.#lines ??= new TextOutput(1, this.#onLoss)).write(text),
    });
  }

  async #logReport(
    { logFile, stats, format = itemizedFormat }: ReportOptions,
    telling: ChangeTelling,
  ): Promise<Report> {
    const { openLog } = await import("./log-output.ts");
    const write = openLog(logFile!, (failure) => (this.#lostLog = failure));
    const changes = { format: await formatOf(format, telling), write };
    return textReport({ quiet: false, verbose: true, stats, color: false, progress: false, changes, write });
  }
}

/** Of a terminal that does not tell. */
const usualColumns = 80;

/** @throws USAGE */
async function formatOf(format: string, telling: ChangeTelling): Promise<FormatChange> {
  return (await import("./change-format.ts")).changeFormat(format, telling);
}

function tellingOf(options: Options, name: string | undefined): ChangeTelling {
  return { way: name === "push" ? "sent" : "received", keepsTimes: options["no-times"] !== true };
}

function wantsColor(when: Options[string], live: boolean): boolean {
  if (when === "always" || when === "never") return when === "always";
  return live && !process.env["NO_COLOR"];
}
