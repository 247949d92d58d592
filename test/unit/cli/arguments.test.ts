import { expect, it } from "vitest";
import { optionsOf, readArguments } from "../../../src/cli/options/arguments.ts";
import { commands } from "../../../src/cli/commands.ts";

const push = await commands["push"]!.load();
const recv = await commands["recv"]!.load();

it.each([
  [["-h"], "help"],
  [["a", "b:c", "--help"], "help"],
  [["--no-such", "-h"], "help"],
  [["a", "-h"], "help"],
  [["help"], "help"],
  [["-V"], "version"],
  [["a", "--version"], "version"],
  [["version"], "version"],
])("%j asks for something else than to push", (argv, asked) => {
  expect(readArguments(argv, push)).toEqual({ options: { [asked]: true }, operands: [] });
});

it.each([["help"], ["version"]])("%s is an operand where one is enough", (word) => {
  expect(readArguments([word], recv).operands).toEqual([word]);
  expect(readArguments([word, "h:x"], push).operands).toEqual([word, "h:x"]);
});

it.each([
  [["a", "h:b", "--retries"], "--retries takes a value: --retries=N"],
  [["a", "h:b", "-e"], "--rsh takes a value: --rsh=COMMAND"],
  [["--retries", "--json", "a", "h:b"], "--retries takes a value: --retries=N"],
  [["a", "h:b", "--quiet=yes"], "--quiet takes no value"],
  [["a", "b", "h:c"], "one argument too many: h:c; one SRC at a time"],
  [["a"], "DST is missing"],
])("tells what is wrong with %j", (argv, message) => {
  expect(() => readArguments(argv, push)).toThrow(message);
});

it("behind -- nothing is asked", () => {
  expect(readArguments(["--", "-h", "h:--version"], push).operands).toEqual(["-h", "h:--version"]);
});

const loaded = await Promise.all(
  Object.entries(commands).map(async ([name, entry]) => [name, await entry.load()] as const),
);

it.each(
  loaded.flatMap(([name, command]) =>
    Object.entries(optionsOf(command)).flatMap(([option, { choices }]) =>
      choices ? [{ name, command, option, choices }] : [],
    ),
  ),
)("$name --$option takes its choices and nothing else", ({ command, option, choices }) => {
  expect(() => readArguments([`--${option}=`], command)).toThrow(`--${option} takes ${choices[0]}`);
  expect(() => readArguments([`--${option}=toString`], command)).toThrow('not "toString"');
  for (const choice of choices) {
    const operands = command.operands.map(() => "a");
    expect(readArguments([`--${option}=${choice}`, ...operands], command).options[option]).toEqual(choice);
  }
});
