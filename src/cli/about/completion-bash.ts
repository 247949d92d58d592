import { type DescribedCommand, firstWords, secondWords } from "./described-commands.ts";

/** A script for bash: words of commands, options behind a hyphen, known values, else files. */
export function bashCompletion(all: readonly DescribedCommand[]): readonly string[] {
  return [
    "# Completes rsync-stream in bash.",
    "_rsync_stream() {",
    "  local current=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]} command= words= values= at",
    "  [[ $current != = ]] || current=",
    "  [[ $last != = ]] || last=${COMP_WORDS[COMP_CWORD - 2]}",
    "  for ((at = 1; at < COMP_CWORD; at++)); do",
    '    [[ ${COMP_WORDS[at]} == -* ]] || command+="${command:+ }${COMP_WORDS[at]}"',
    "  done",
    "  case $command in",
    `    '' | help) words='${[...firstWords(all), "help", "version"].join(" ")}' ;;`,
    ...firstWords(all).flatMap((word) => groupCase(word, secondWords(all, word))),
    ...all.map(optionsCase),
    "  esac",
    "  [[ -z $values || $current == -* ]] || words=$values",
    "  case $last in",
    ...valueCases(all),
    "  esac",
    "  COMPREPLY=()",
    '  [[ $words == -* && $current != -* ]] || COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _rsync_stream rsync-stream",
  ];
}

function groupCase(word: string, group: readonly DescribedCommand[]): readonly string[] {
  const seconds = group.map(({ words }) => words[1]).join(" ");
  return group.length === 0 ? [] : [`    ${word} | 'help ${word}') words='${seconds}' ;;`];
}

/** Options of one name have the same values in all commands. */
function valueCases(all: readonly DescribedCommand[]): readonly string[] {
  const choices = new Map<string, readonly string[]>();
  for (const { options } of all) {
    for (const [long, spec] of options) if (spec.choices) choices.set(long, spec.choices);
  }
  return [...choices].map(([long, values]) => `    --${long}) words='${values.join(" ")}' ;;`);
}

function optionsCase({ words, options, choices }: DescribedCommand): string {
  const name = words.join(" ");
  const forms = options.flatMap(([long, { short }]) => [
    `--${long}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ]);
  const values = choices.length === 0 ? "" : ` values='${choices.join(" ")}'`;
  return `    '${name}' | '${name} '*) words='${forms.join(" ")}'${values} ;;`;
}
