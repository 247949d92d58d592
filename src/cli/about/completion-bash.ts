import { type DescribedCommand, firstWords, secondWords } from "./described-commands.ts";

/** A script for bash: the words of commands, options behind a hyphen, and else files. */
export function bashCompletion(all: readonly DescribedCommand[]): readonly string[] {
  return [
    "# Completes rsync-stream in bash.",
    "_rsync_stream() {",
    "  local current=${COMP_WORDS[COMP_CWORD]} command= words= at",
    "  for ((at = 1; at < COMP_CWORD; at++)); do",
    '    [[ ${COMP_WORDS[at]} == -* ]] || command+="${command:+ }${COMP_WORDS[at]}"',
    "  done",
    "  case $command in",
    `    '' | help) words='${[...firstWords(all), "help", "version"].join(" ")}' ;;`,
    ...firstWords(all).flatMap((word) => groupCase(word, secondWords(all, word))),
    ...all.map(optionsCase),
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

function optionsCase({ words, options }: DescribedCommand): string {
  const name = words.join(" ");
  const forms = options.flatMap(([long, { short }]) => [
    `--${long}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ]);
  return `    '${name}' | '${name} '*) words='${forms.join(" ")}' ;;`;
}
