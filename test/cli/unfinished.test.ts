import { expect, it } from "vitest";
import { freshFolder, runShell } from "./run.ts";
import { plant } from "./trees.ts";

it("a command that is not done when nothing is left to wait for has failed", async () => {
  const folder = freshFolder();
  plant(folder, { "unheard.cjs": "process.stdout.write = () => true;" }); // and never calls back
  const { code } = await runShell("${RS/ / -r $1/unheard.cjs } --version", folder);
  expect(code).toBe(1);
});
