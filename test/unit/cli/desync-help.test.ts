import { expect, test } from "vitest";
import { desyncCommands } from "../../../src/cli/desync/desync-commands.ts";
import { describeDesync, describeDesyncCommand } from "../../../src/cli/desync/desync-help.ts";

test("no line of help for desync is longer than 80 columns, and none is lost", async () => {
  const all = await describeDesync();
  const names = Object.keys(desyncCommands);
  expect(all.filter((line) => line.length > 80)).toEqual([]);
  expect(names.filter((name) => !all.some((line) => line.startsWith(`  ${name} `)))).toEqual([]);
  for (const name of names) {
    const command = await desyncCommands[name]!();
    const lines = describeDesyncCommand(name, command);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    const text = lines.join(" ").replace(/ +/g, " ");
    for (const [option, { about }] of Object.entries(command.options)) {
      expect(text).toContain(`--${option} `);
      expect(text).toContain(about);
    }
  }
});
