import { describe, expect, it } from "vitest";
import { everyOption } from "../../../src/cli/options/arguments.ts";
import { usageOf } from "../../../src/cli/command-table.ts";
import { commands } from "../../../src/cli/commands.ts";
import { describeCommand, describeCommands } from "../../../src/cli/help.ts";

const columns = 80;
const tooLong = (text: string) => text.split("\n").filter((line) => line.length > columns);

it("the list of commands fits", () => {
  expect(tooLong(describeCommands(commands))).toEqual([]);
  for (const name of Object.keys(commands))
    expect(describeCommands(commands)).toContain(`rsync-stream ${name} `);
});

describe.each(Object.keys(commands))("%s", (name) => {
  it("is used in one line that fits", () => {
    expect(tooLong(usageOf(commands, name))).toEqual([]);
    expect(usageOf(commands, name)).not.toContain("\n");
  });

  it("is told of in lines that fit, with every option once, its own in front", async () => {
    const command = await commands[name]!.load();
    const help = describeCommand(name, commands[name]!, command);
    expect(tooLong(help)).toEqual([]);
    const told = [...help.matchAll(/^ +(?:-[\w@], )?--([a-z0-9-]+)/gm)].map(([, option]) => option);
    expect(told).toEqual(Object.keys({ ...command.options, ...everyOption }));
  });
});
