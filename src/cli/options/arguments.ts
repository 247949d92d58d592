import { parseArgs } from "node:util";
import { parseSize } from "../../bytes/size.ts";
import { SyncError } from "../../errors.ts";
import { closest } from "./closest.ts";
import type { Command, OptionSpecs, OptionValues } from "../command.ts";
import { dropNeedless } from "./rsync-arguments.ts";

/** What every command takes. */
export const everyOption = {
  json: { type: "boolean", about: "report as JSON, one event a line" },
  quiet: {
    type: "boolean",
    short: "q",
    about: "report failures only",
    unlike: "failures of single files are told all the same",
  },
  verbose: {
    type: "boolean",
    short: "v",
    about: "report causes and every figure",
    unlike: "tells paths as words, and causes of failures",
  },
  progress: {
    type: "boolean",
    short: "P",
    about: "show progress, even where there is no terminal; of a transfer file by file",
    unlike:
      "the path of a file comes when that is complete, and is at the end of its line before; to-chk counts files that differ",
  },
  color: {
    type: "string",
    value: "WHEN",
    choices: ["auto", "always", "never"],
    about: "auto (default), always or never; NO_COLOR is honoured",
  },
  "no-settings": { type: "boolean", about: "read no settings file and no variables" },
  help: { type: "boolean", short: "h", about: "print this" },
  version: { type: "boolean", short: "V", about: "print the version" },
} as const satisfies OptionSpecs;

/** What stands behind a command's name. */
export interface Arguments {
  readonly options: OptionValues<OptionSpecs>;
  readonly operands: readonly string[];
}

/** All options that a command takes. */
export function optionsOf(command: Command): OptionSpecs {
  return { ...everyOption, ...command.options };
}

/**
 * Reads what stands behind a command's name.
 *
 * @throws USAGE that names the wrong argument
 */
export function readArguments(argv: readonly string[], command: Command): Arguments {
  const asked = findQuestion(argv, command);
  if (asked !== undefined) return { options: { [asked]: true }, operands: [] };
  const specs = optionsOf(command);
  const given = command.knowsRsync === true ? dropNeedless(argv, specs) : argv;
  const { values, positionals, tokens } = parse(given, specs);
  checkChoices(values, specs);
  checkOperands(positionals, command);
  const options = { ...values, ...gather(tokens, specs) } as OptionValues<OptionSpecs>;
  return { options, operands: positionals };
}

const questions = new Map<string, "help" | "version">([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["-V", "version"],
]);

/**
 * What is asked of a command in place of its work, whatever else is wrong with the line. The word
 * `help` may be an operand, unless it is the only one of several. Beside all operands of a command
 * that knows rsync's options, `-h` is that of rsync.
 */
export function findQuestion(
  argv: readonly string[],
  { operands: names, knowsRsync }: Pick<Command, "operands" | "knowsRsync">,
): "help" | "version" | undefined {
  const end = argv.indexOf("--");
  const before = end < 0 ? argv : argv.slice(0, end);
  const isComplete = argv.filter((argument) => !argument.startsWith("-")).length >= names.length;
  const isRsyncs = (argument: string): boolean => argument === "-h" && knowsRsync === true && isComplete;
  const asked = before.find((argument) => questions.has(argument) && !isRsyncs(argument));
  if (asked !== undefined) return questions.get(asked);
  const isWord = argv.length === 1 && names.length > 1;
  return isWord && (argv[0] === "help" || argv[0] === "version") ? argv[0] : undefined;
}

function parse(argv: readonly string[], specs: OptionSpecs) {
  const args = argv.map((argument) => completeBare(argument, specs));
  try {
    return parseArgs({ args, options: specs, allowPositionals: true, strict: true, tokens: true });
  } catch (cause) {
    throw new SyncError("USAGE", describe(cause, specs), { cause });
  }
}

/** The options that are gathered with others, in the order given. */
function gather(
  tokens: ReturnType<typeof parse>["tokens"],
  specs: OptionSpecs,
): Record<string, readonly string[]> {
  const gathered: Record<string, string[]> = {};
  for (const token of tokens) {
    const name = token.kind === "option" ? specs[token.name]!.gathered : undefined;
    if (token.kind === "option" && name !== undefined)
      (gathered[name] ??= []).push(`${token.name}=${token.value ?? ""}`);
  }
  return gathered;
}

/** `--name` becomes `--name=value` where an option may go without its value. */
function completeBare(argument: string, specs: OptionSpecs): string {
  const bare = argument.startsWith("--") ? specs[argument.slice(2)]?.bare : undefined;
  return bare === undefined ? argument : `${argument}=${bare}`;
}

function describe(cause: unknown, specs: OptionSpecs): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
  if (unknown === undefined) return describeValue(message, specs);
  const likely = unknown.startsWith("--") ? closest(unknown.slice(2), Object.keys(specs)) : undefined;
  return `unknown option ${unknown}${likely === undefined ? "" : `; did you mean --${likely}?`}`;
}

/** What is wrong with the value of an option that is known. */
function describeValue(message: string, specs: OptionSpecs): string {
  const name = /^Option '[^']*--([a-z-]+)[ ']/.exec(message)?.[1];
  const value = name === undefined ? undefined : specs[name]?.value;
  if (name === undefined) return message.split(/\.\s/)[0]!;
  return value === undefined ? `--${name} takes no value` : `--${name} takes a value: --${name}=${value}`;
}

/** @throws USAGE for a value that an option does not take */
function checkChoices(values: ReturnType<typeof parse>["values"], specs: OptionSpecs): void {
  for (const [name, given] of Object.entries(values)) {
    const { choices } = specs[name]!;
    const wrong = [given]
      .flat()
      .find((value) => typeof value === "string" && choices?.includes(value) === false);
    if (wrong !== undefined)
      throw new SyncError("USAGE", `--${name} takes ${oneOf(choices!)}, not "${String(wrong)}"`);
  }
}

/** Words as a sentence names them: `a, b or c`. */
function oneOf(words: readonly string[]): string {
  return words.join(", ").replace(/, ([^,]*)$/, " or $1");
}

function checkOperands(given: readonly string[], { operands: names, result }: Command): void {
  const missing = names[given.length];
  if (missing?.startsWith("[") === false) throw new SyncError("USAGE", `${missing} is missing`);
  const empty = given.indexOf("");
  if (empty >= 0)
    throw new SyncError("USAGE", `${names[empty] ?? "an argument"} is empty; . is this directory`);
  if (given.filter((operand, at) => operand === "-" && names[at] !== result).length > 1)
    throw new SyncError("USAGE", "only one operand can be standard input");
  const extra = given[names.length];
  if (extra === undefined || names.at(-1)?.endsWith("...") === true) return;
  const one = names[0] === "SRC" ? "; one SRC at a time" : "";
  throw new SyncError("USAGE", `one argument too many: ${extra}${one}`);
}

/**
 * The whole number that an option was given, undefined when it was not.
 *
 * @throws USAGE
 */
export function readCount(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^(?:-(?!0))?\d+$/.test(text) && count >= least && count <= most) return count;
  throw new SyncError("USAGE", `--${name} takes a whole number from ${least} to ${most}, not "${text}"`);
}

/**
 * The bytes that an option was given, undefined when it was not.
 *
 * @throws USAGE
 */
export function readSize(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new SyncError("USAGE", `--${name} takes bytes, or a size such as 10K, 64M or 2T, not "${text}"`);
}
