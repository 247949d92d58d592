import type { Report } from "./report/report.ts";

/** One option of a command. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** True when it may be given several times. */
  readonly multiple?: true;
  /** What help calls its value. */
  readonly value?: string;
  /** All values that it takes, where that can be said; others are refused. */
  readonly choices?: readonly string[];
  /** The value that it has when it is given without one; a value then follows a `=` only. */
  readonly bare?: string;
  /** The option that has this one among its values, as `NAME=VALUE`, in the order given. */
  readonly gathered?: string;
  /** What help says. */
  readonly about: string;
  /** Where it differs from the option of rsync that has its name; it is the same unless given. */
  readonly unlike?: string;
  /** What docs/cli.md says, as Markdown; the same unless given. */
  readonly doc?: string;
}

/** Options by their long names. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What is given for an operand: one whose name is in brackets may be left out. */
type OperandOf<Name extends string> = Name extends `[${string}]` ? string | undefined : string;

type TextOrFlag<Type> = Type extends "boolean" ? boolean : string;

/** One of the values that an option takes, where these are known. */
type OneOf<Spec extends OptionSpec> = Spec extends {
  choices: readonly (infer Choice extends string)[];
}
  ? Choice
  : TextOrFlag<Spec["type"]>;

type ValueOf<Spec extends OptionSpec> = Spec extends { multiple: true }
  ? readonly OneOf<Spec>[]
  : OneOf<Spec>;

/** What was given for options. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]?: ValueOf<Specs[Name]>;
};

/** All that a command gets. */
export interface Call<Specs extends OptionSpecs, Names extends readonly string[]> {
  readonly options: OptionValues<Specs>;
  readonly operands: { readonly [At in keyof Names]: OperandOf<Names[At]> };
  readonly report: Report;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}

/** A command: what it takes, and what it does with it. */
export interface Command<
  Specs extends OptionSpecs = OptionSpecs,
  Names extends readonly string[] = readonly string[],
> {
  /**
   * Names of the operands. All are needed but those in brackets, at the end; the last stands for
   * one or more when it ends in `...`.
   */
  readonly operands: Names;
  readonly options: Specs;
  /** All that its first operand may be, where that can be said. */
  readonly choices?: readonly string[];
  /** The operand that names where the result goes: `-` is standard output there, not input. */
  readonly result?: Names[number];
  /** True when options of rsync that change nothing are taken, and others explained. */
  readonly knowsRsync?: true;
  /** True when the result goes to standard output; otherwise the reports of `--json` do. */
  writesOutput(options: OptionValues<Specs>): boolean;
  /** Milliseconds that it may take to clean up when it is interrupted; 1500 unless given. */
  readonly graceMs?: number;
  run(call: Call<Specs, Names>): Promise<void>;
}

/** A command before it is loaded. */
export interface CommandEntry {
  /** What follows the command's name. */
  readonly synopsis: string;
  readonly about: string;
  /** True for the one of its group that is meant where the second word is left out. */
  readonly isUsual?: true;
  readonly load: () => Promise<Command>;
}

/** Commands by their names, which may be of two words. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** Types a command by its own options and operands. */
export function defineCommand<const Specs extends OptionSpecs, const Names extends readonly string[]>(
  command: Command<Specs, Names>,
): Command {
  return command;
}
