import type { OptionSpec } from "../command.ts";
import {
  aboutFirst,
  type DescribedCommand,
  firstWords,
  secondWords,
  takesPath,
} from "./described-commands.ts";

/** A script for fish, for a file `rsync-stream.fish` in its folder `completions`. */
export function fishCompletion(all: readonly DescribedCommand[]): readonly string[] {
  const firsts = firstWords(all);
  return [
    "# Completes rsync-stream in fish.",
    ...firsts.map(
      (word) => `${start("__fish_use_subcommand")} -f -a ${word} -d ${quote(aboutFirst(all, word))}`,
    ),
    ...firsts.flatMap((word) => groupWords(word, secondWords(all, word))),
    ...all
      .filter(({ choices }) => choices.length > 0)
      .map(({ words, choices }) => `${start(condition(words))} -f -a ${quote(choices.join(" "))}`),
    ...all.flatMap(({ words, options }) =>
      options.map(([name, spec]) => `${start(condition(words))} ${optionOf(name, spec)}`),
    ),
  ];
}

function groupWords(word: string, group: readonly DescribedCommand[]): readonly string[] {
  const seconds = group.map(({ words }) => words[1]).join(" ");
  const before = `${condition([word])}; and not __fish_seen_subcommand_from ${seconds}`;
  return group.map(({ words, about }) => `${start(before)} -f -a ${words[1]!} -d ${quote(about)}`);
}

const condition = (words: readonly string[]) =>
  words.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");

const start = (when: string) => `complete -c rsync-stream -n ${quote(when)}`;

function optionOf(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "" : ` -s ${spec.short}`;
  const needsValue = spec.type === "string" && spec.bare === undefined;
  const choices = spec.choices ? ` -x -a ${quote(spec.choices.join(" "))}` : " -x";
  const value = takesPath(spec) ? " -r -F" : choices;
  return `-l ${name}${short}${needsValue ? value : ""} -d ${quote(spec.about)}`;
}

const quote = (text: string) => `'${text.replace(/['\\]/g, String.raw`\$&`)}'`;
