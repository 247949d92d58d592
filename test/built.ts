import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The built command, which is built first when it is not there. */
export function builtCli(): string {
  const path = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
  if (!existsSync(path)) execFileSync("node", ["scripts/build.mjs"], { cwd: root, stdio: "inherit" });
  return path;
}
