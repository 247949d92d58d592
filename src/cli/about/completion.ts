import { SyncError } from "../../errors.ts";
import { type CommandTable, defineCommand } from "../command.ts";
import { writeLines } from "../report/result-output.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { describeAll } from "./described-commands.ts";

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `completion SHELL`: a script by which a shell completes command lines. */
export const completion = (commands: CommandTable) =>
  defineCommand({
    operands: ["SHELL"],
    choices: Object.keys(shells),
    options: {},
    writesOutput: () => true,
    async run({ operands: [shell], signal }) {
      if (!Object.hasOwn(shells, shell))
        throw new SyncError("USAGE", `completion is for ${Object.keys(shells).join(", ")}, not "${shell}"`);
      const lines = shells[shell as keyof typeof shells](await describeAll(commands));
      await writeLines(lines, { signal });
    },
  });
