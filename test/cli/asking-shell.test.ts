import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { builtCli } from "../built.ts";
import { missing, unless } from "../obstacles.ts";
import { freshFolder } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";

/** Several times the pause between two lines of progress. Nothing fails when it takes longer. */
const thinkingMs = 1000;

/** A stand-in for ssh: asks on the terminal before it runs what it is told to. */
const asking = `
printf 'Password: ' > /dev/tty
read -r answer < /dev/tty
printf 'thanks for %s\\n' "$answer" > /dev/tty
shift
exec sh -c "$*"
`;

/** Runs a line of shell on a terminal of its own, and answers the question that is asked there. */
async function runAnswering(line: string): Promise<{ readonly code: number | null; readonly shown: string }> {
  const child = spawn("script", ["-qec", line, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let shown = "";
  let isAnswered = false;
  child.stdout.on("data", (bytes: Buffer) => {
    shown += bytes.toString();
    if (isAnswered || !shown.includes("Password: ")) return;
    isAnswered = true;
    setTimeout(() => child.stdin.write("secret\n"), thinkingMs);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, shown };
}

unless(missing("script", "sh")).describe(
  "a question that is asked on the terminal stands until it is answered",
  () => {
    // What takes the pipe to the shell in one go, and what does not.
    for (const sizeBytes of [10, 30_000_000]) {
      for (const name of ["push", "pull"]) {
        it(`${name}, ${sizeBytes} bytes`, async () => {
          const folder = freshFolder();
          plant(folder, { ssh: asking, "tree/file": noise(sizeBytes, "asking") });
          const program = `${process.execPath} ${builtCli()}`;
          const ssh = `sh ${folder}/ssh`;
          const remote = `-e '${ssh}' --remote-path '${program}'`;
          const lines: Record<string, string> = {
            push: `${program} push ${remote} ${folder}/tree/ host:${folder}/copy`,
            pull: `${program} pull ${remote} host:${folder}/tree/ ${folder}/copy`,
          };
          const { code, shown } = await runAnswering(lines[name]!);
          expect(shown).toMatch(/^Password: secret\r\nthanks for secret\r\n/);
          expect(code, shown).toBe(0);
          expect(picture(join(folder, "copy"))).toEqual(picture(join(folder, "tree")));
        });
      }
    }
  },
);
