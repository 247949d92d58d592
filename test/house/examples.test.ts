import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { installPackage } from "./installed.ts";
import { root } from "./source-files.ts";

const { installed, remove } = installPackage();
afterAll(remove);
const folder = join(root, "examples");
const maxLineCount = 60;
/** Those that a command runs; a folder is for a browser, and test/browser has it. */
const names = readdirSync(folder).filter((name) => /\.(?:mjs|sh)$/.test(name));

/** The last line that each example prints. */
const lastLines: Readonly<Record<string, string>> = {
  "browser.mjs": "the second time 0 bytes of content were sent",
  "cafs-exchange.mjs": "equal",
  "copy-directory.mjs": "Hello from the other process.",
  "relay.mjs": "sessions with the source: 1",
  "serve.mjs": "hello",
  "send-recv.sh": "The copy is exact.",
  "transfer.mjs": "the second time 0 bytes came",
  "swarm.mjs": "content left the sender 1.00 times",
};

describe("every example", () => {
  it.each(names)("%s is short and does what it says", async (name) => {
    const path = join(folder, name);
    expect(readFileSync(path, "utf8").split("\n").length).toBeLessThanOrEqual(maxLineCount);
    expect(await lastLineOf(path)).toBe(lastLines[name]);
  });

  it.each(names)("%s does so where the package is installed", async (name) => {
    expect(await lastLineOf(join(installed, "examples", name))).toBe(lastLines[name]);
  });
});

async function lastLineOf(path: string): Promise<string | undefined> {
  const program = path.endsWith(".sh") ? "sh" : process.execPath;
  const { stdout } = await promisify(execFile)(program, [path]);
  return stdout.trim().split("\n").at(-1);
}
