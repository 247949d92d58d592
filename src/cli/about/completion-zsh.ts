import type { OptionSpec } from "../command.ts";
import {
  aboutFirst,
  type DescribedCommand,
  firstWords,
  secondWords,
  takesPath,
} from "./described-commands.ts";

/** A script for zsh, for a file `_rsync-stream` in `fpath` or to be sourced behind `compinit`. */
export function zshCompletion(all: readonly DescribedCommand[]): readonly string[] {
  const firsts = firstWords(all);
  const groups = firsts.filter((word) => secondWords(all, word).length > 0);
  return [
    "#compdef rsync-stream",
    "_rsync_stream() {",
    "  local curcontext=$curcontext state line",
    "  _arguments -C '1:command:->command' '*::argument:->argument'",
    "  case $state in",
    "    command)",
    ...describe(
      firsts.map((word) => [word, aboutFirst(all, word)]),
      "command",
    ),
    "    argument)",
    "      case $words[1] in",
    ...all.filter(({ words }) => words.length === 1).flatMap(argumentsCase),
    ...groups.map((word) => `        ${word}) _rsync_stream_${word} ;;`),
    "      esac ;;",
    "  esac",
    "}",
    ...groups.flatMap((word) => groupFunction(word, secondWords(all, word))),
    'if [[ $funcstack[1] == _rsync_stream || $funcstack[1] == _rsync-stream ]]; then _rsync_stream "$@"',
    "else compdef _rsync_stream rsync-stream; fi",
  ];
}

function groupFunction(name: string, group: readonly DescribedCommand[]): readonly string[] {
  return [
    `_rsync_stream_${name}() {`,
    "  local curcontext=$curcontext state line",
    "  _arguments -C '1:command:->command' '*::argument:->argument'",
    "  case $state in",
    "    command)",
    ...describe(
      group.map(({ words, about }) => [words[1]!, about]),
      `${name} command`,
    ),
    "    argument)",
    "      case $words[1] in",
    ...group.flatMap(argumentsCase),
    "      esac ;;",
    "  esac",
    "}",
  ];
}

function describe(
  words: readonly (readonly [word: string, about: string])[],
  what: string,
): readonly string[] {
  return [
    "      local -a commands=(",
    ...words.map(([word, about]) => `        ${quote(`${word}:${about}`)}`),
    "      )",
    `      _describe ${quote(what)} commands ;;`,
  ];
}

function argumentsCase({ words, options, choices }: DescribedCommand): readonly string[] {
  return [
    `        ${words.at(-1)!}) _arguments -s -S \\`,
    ...options.flatMap(([name, spec]) => formsOf(name, spec)).map((form) => `          ${quote(form)} \\`),
    choices.length > 0 ? `          '1:value:(${choices.join(" ")})' ;;` : "          '*:place:_files' ;;",
  ];
}

/** `*(-z --compress)--compress[about]`, once for each form of an option. */
function formsOf(name: string, spec: OptionSpec): readonly string[] {
  const forms = spec.short === undefined ? [`--${name}`] : [`-${spec.short}`, `--${name}`];
  const others = spec.multiple === true ? "*" : `(${forms.join(" ")})`;
  return forms.map(
    (form) => `${others}${form}${valueMark(form, spec)}[${escape(spec.about)}]${valueOf(spec)}`,
  );
}

function valueMark(form: string, { type, bare }: OptionSpec): string {
  if (type === "boolean") return "";
  if (!form.startsWith("--")) return "+";
  return bare === undefined ? "=" : "=-";
}

function valueOf(spec: OptionSpec): string {
  if (spec.type === "boolean") return "";
  const colon = spec.bare === undefined ? ":" : "::";
  const values = spec.choices ? `(${spec.choices.join(" ")})` : "";
  return `${colon}${escape(spec.value ?? "value")}:${takesPath(spec) ? "_files" : values}`;
}

const escape = (text: string) => text.replace(/[[\]:\\]/g, "\\$&");
const quote = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
