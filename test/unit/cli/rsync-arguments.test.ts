import { describe, expect, it } from "vitest";
import { readArguments } from "../../../src/cli/options/arguments.ts";
import { commands } from "../../../src/cli/commands.ts";
import { rsyncOptions } from "../../../src/cli/options/rsync-options.ts";

const push = await commands["push"]!.load();
const send = await commands["send"]!.load();
const operands = ["a", "b:c"];
const read = (...argv: string[]) => readArguments([...argv, ...operands], push);

describe("what rsync would be told and what is so anyway is taken", () => {
  it.each([
    [["-avz"], { archive: true, verbose: true, compress: true }],
    [["-r", "-rtlS"], { recursive: true }],
    [["-h", "-a"], { archive: true }],
    [["-avzhP"], { archive: true, verbose: true, compress: true, progress: true }],
    [["-ae", "ssh -p 2"], { archive: true, rsh: "ssh -p 2" }],
    [["-essh"], { rsh: "ssh" }],
    [["-aessh"], { archive: true, rsh: "ssh" }],
    [["-aeate"], { archive: true, rsh: "ate" }],
    [["--archive", "--partial", "--progress"], { archive: true, progress: true }],
    [["--recursive", "--times", "--links"], { recursive: true }],
    [["--partial-dir", ".part", "--partial-dir=.part"], {}],
    [["--no-whole-file", "--no-W"], {}],
    [["-a", "--no-specials"], { archive: true, "no-specials": true }],
    [["--no-owner", "--no-g"], { "no-owner": true, "no-group": true }],
    [["--no-t", "--no-p"], { "no-times": true, "no-perms": true }],
    [["--rsh", "a", "--archive"], { archive: true, rsh: "a" }],
    [["--exclude=-a", "-n"], { exclude: ["-a"], filter: ["exclude=-a"], "dry-run": true }],
    [["-auc", "--max-size", "5M"], { archive: true, update: true, checksum: true, "max-size": "5M" }],
    [["-avf", "- *.o"], { archive: true, verbose: true, filter: ["filter=- *.o"] }],
    [
      ["--filter", "-p a", "-FFC"],
      {
        filter: ["filter=-p a", "dir-filters=", "dir-filters=", "cvs-exclude="],
        "dir-filters": [true, true],
        "cvs-exclude": [true],
      },
    ],
  ])("%j", (argv, options) => expect(read(...argv)).toEqual({ options, operands }));

  it("behind -- all are operands, and a lone - is one", () => {
    expect(readArguments(["--", "-a", "b:c"], push).operands).toEqual(["-a", "b:c"]);
    expect(readArguments(["-", "b:c"], push).operands).toEqual(["-", "b:c"]);
  });
});

describe("what asks for something else is refused, with what to do instead", () => {
  it.each([
    ["-4", /^-4: use -e 'ssh -4'/],
    ["-a4v", /^-4: /],
    ["--address=::1", /^--address: .*ssh -b/],
    ["--rsync-path=x", /^--rsync-path: use --remote-path/],
    ["--no-l", /^--no-l: links are sent/],
    ["--no-delete", /^--no-delete: leave out --delete/],
    ["--no-z", /^--no-z: leave out --compress/],
    ["--no-such", /^unknown option --no-such$/],
    ["-Q", /^unknown option -Q$/],
  ])("%s", (option, message) => expect(() => read(option)).toThrow(message));

  it.each(
    rsyncOptions.flatMap(({ name, text }) => (text.endsWith(" have it") ? [[name, text] as const] : [])),
  )("who has --%s is named: %s", async (name, text) => {
    for (const command of ["push", "pull", "sync", "send", "recv"])
      if (name in (await commands[command]!.load()).options)
        expect(text.split(/, | and | have it/)).toContain(command);
      else expect(text.split(/, | and | have it/)).not.toContain(command);
  });

  it("an option of the command itself is what the command says it is", () => {
    expect(read("-n", "--delete").options).toEqual({ "dry-run": true, delete: true });
    expect(() => readArguments(["--delete", "a"], send)).toThrow(/^--delete: the receiver deletes/);
    expect(() => readArguments(["-ne", "a"], send)).toThrow(/^-n: the receiver tells/);
  });
});

it("commands that carry nothing do not know rsync's options", async () => {
  const info = await commands["info"]!.load();
  expect(() => readArguments(["-a", "f"], info)).toThrow(/^unknown option -a$/);
});

it("no option stands in the list twice, and each is told of in a line of 80 columns", () => {
  const forms = rsyncOptions.flatMap(({ letters, name }) => [...letters, name]);
  expect(new Set(forms).size).toBe(forms.length);
  const lines = rsyncOptions
    .filter(({ taken }) => !taken)
    .map(({ name, text }) => `rsync-stream: --${name}: ${text} (USAGE)`);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
