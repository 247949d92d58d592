import { expect, it } from "vitest";
import { readArguments } from "../../../src/cli/arguments.ts";
import { commands } from "../../../src/cli/commands.ts";

const push = await commands["push"]!.load();
const recv = await commands["recv"]!.load();

it.each([
  [["-h"], "help"],
  [["a", "b:c", "--help"], "help"],
  [["--no-such", "-h"], "help"],
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

it("behind -- nothing is asked", () => {
  expect(readArguments(["--", "-h", "h:--version"], push).operands).toEqual(["-h", "h:--version"]);
});
