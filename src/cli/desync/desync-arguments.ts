import { SyncError } from "../../errors.ts";

/** One option of a command line of desync. */
export interface DesyncOption {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly about: string;
}

/** Options by their long names. */
export type DesyncOptions = Readonly<Record<string, DesyncOption>>;

/** What was given: every value of an option in order, and the operands. */
export interface DesyncArguments {
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly operands: readonly string[];
}

const negative = /^(?:false|f|0)$/i;

/**
 * Reads arguments as desync does, of whatever age: options before operands and behind, with one
 * dash or two, their values behind a `=` or as the next word.
 *
 * @throws USAGE that names the wrong argument
 */
export function readDesyncArguments(argv: readonly string[], specs: DesyncOptions): DesyncArguments {
  const values: Record<string, string[]> = {};
  const operands: string[] = [];
  const add = (name: string, value: string): void => void (values[name] ??= []).push(value);
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === "--") {
      operands.push(...argv.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const { name, value, isBundle } = optionOf(word, specs);
    if (specs[name]!.type === "boolean" && isBundle) {
      add(name, "true");
      if (value !== "") argv = argv.toSpliced(at + 1, 0, `-${value}`);
    } else if (specs[name]!.type === "boolean") add(name, value ?? "true");
    else if (value !== undefined) add(name, value);
    else if (at + 1 < argv.length) add(name, argv[++at]!);
    else throw new SyncError("USAGE", `${word} takes a value`);
  }
  return { values, operands };
}

/** True for an option without a value that was given, unless it was given as false. */
export function isSet({ values }: DesyncArguments, name: string, unlessGiven = false): boolean {
  const value = values[name]?.at(-1);
  return value === undefined ? unlessGiven : !negative.test(value);
}

/** The value of an option that counts once. */
export function valueOf({ values }: DesyncArguments, name: string): string | undefined {
  return values[name]?.at(-1);
}

/** A whole number that an option has for its value. @throws USAGE */
export function numberOf(given: DesyncArguments, name: string, least = 0): number | undefined {
  const text = valueOf(given, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new SyncError("USAGE", `--${name} takes a number, not "${text}"`);
}

function optionOf(
  word: string,
  specs: DesyncOptions,
): { readonly name: string; readonly value?: string; readonly isBundle?: boolean } {
  const [, dashes, name = "", value] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(word)!;
  const rest = value === undefined ? {} : { value };
  if (Object.hasOwn(specs, name) && (dashes === "--" || name.length > 1)) return { name, ...rest };
  const byShort = Object.keys(specs).find((one) => specs[one]!.short === name[0]);
  if (dashes === "-" && byShort !== undefined) {
    if (name.length === 1) return { name: byShort, ...rest };
    return { name: byShort, value: word.slice(2), isBundle: true };
  }
  throw new SyncError("USAGE", `unknown option ${word}`);
}
