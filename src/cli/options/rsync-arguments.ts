import { SyncError } from "../../errors.ts";
import type { OptionSpecs } from "../command.ts";
import { findRsyncOption, rsyncNameOf } from "./rsync-options.ts";

/**
 * Takes out of a command line what rsync would be told and what is so without it, such as the `a`
 * of `-avz`.
 *
 * @param specs the options of the command itself
 * @throws USAGE for an option of rsync that asks for something else, with what to do instead
 */
export function dropNeedless(argv: readonly string[], specs: OptionSpecs): readonly string[] {
  const kept: string[] = [];
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  for (let at = 0; at < end; at++) {
    const argument = argv[at]!;
    const left = argument.startsWith("--") ? keptName(argument, specs) : keptLetters(argument, specs);
    if (left === undefined) {
      if (findRsyncOption(argument.slice(2))?.hasValue === true) at++;
      continue;
    }
    const taker = awaiting(left, specs);
    const value = taker !== undefined && at + 1 < end ? [argv[++at]!] : [];
    // A rule may begin with a hyphen, which would make it an option.
    const isJoined = taker !== undefined && specs[taker]!.gathered !== undefined;
    if (isJoined) kept.push([left, ...value].join(left.startsWith("--") ? "=" : ""));
    else kept.push(left, ...value);
  }
  return [...kept, ...argv.slice(end)];
}

/** A long option, undefined when it is needless. */
function keptName(argument: string, specs: OptionSpecs): string | undefined {
  const [form] = argument.split("=", 1) as [string];
  const name = form.slice(2);
  if (Object.hasOwn(specs, name)) return argument;
  const denied = /^no-(.+)$/.exec(name)?.[1] ?? "";
  const own = denied.length === 1 ? (nameOf(denied, specs) ?? rsyncNameOf(denied)) : denied;
  if (own !== undefined && Object.hasOwn(specs, `no-${own}`)) return `--no-${own}`;
  if (own !== undefined && Object.hasOwn(specs, own)) throw refused(form, `leave out --${own}`);
  return isNeedless(form, name) ? undefined : argument;
}

/** Letters behind a `-`, undefined when none of them is needed. */
function keptLetters(argument: string, specs: OptionSpecs): string | undefined {
  if (!/^-[^-]/.test(argument)) return argument;
  let kept = "-";
  for (let at = 1; at < argument.length; at++) {
    const letter = argument[at]!;
    const own = nameOf(letter, specs);
    if (takesValue(own, specs)) return kept + argument.slice(at);
    if ((own !== undefined && own !== "help") || !isNeedless(`-${letter}`, letter)) kept += letter;
  }
  return kept === "-" ? undefined : kept;
}

/** The option in an argument whose value is the next argument. */
function awaiting(argument: string, specs: OptionSpecs): string | undefined {
  if (argument.startsWith("--")) {
    const name = argument.slice(2);
    return Object.hasOwn(specs, name) && takesValue(name, specs) ? name : undefined;
  }
  const names = argument.startsWith("-") ? [...argument.slice(1)].map((letter) => nameOf(letter, specs)) : [];
  const taker = names.findIndex((name) => takesValue(name, specs));
  return taker === names.length - 1 ? names[taker] : undefined;
}

function takesValue(name: string | undefined, specs: OptionSpecs): boolean {
  const spec = name === undefined ? undefined : specs[name];
  return spec?.type === "string" && spec.bare === undefined;
}

function nameOf(letter: string, specs: OptionSpecs): string | undefined {
  return Object.keys(specs).find((name) => specs[name]!.short === letter);
}

function isNeedless(form: string, name: string): boolean {
  const option = findRsyncOption(name);
  if (option?.taken === false) throw refused(form, option.text);
  return option?.taken === true;
}

function refused(form: string, text: string): SyncError {
  return new SyncError("USAGE", `${form}: ${text}`);
}
