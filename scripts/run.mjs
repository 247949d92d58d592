// Starting other programs from the scripts beside this file. No dependencies: it runs before they
// are installed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a program in the root with this terminal, resolves with its exit code. Finds those of
 * node_modules.
 */
export async function run(command, args = [], env = {}) {
  const path = join(root, "node_modules", ".bin") + delimiter + process.env.PATH;
  const child = spawn(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env, PATH: path },
    shell: process.platform === "win32", // npm and npx are .cmd files there
  });
  const [code] = await once(child, "exit");
  return code ?? 1;
}

/** Like `run`, collecting what is printed: for programs that run side by side. */
export async function capture(command, args = []) {
  const path = join(root, "node_modules", ".bin") + delimiter + process.env.PATH;
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: path },
    shell: process.platform === "win32",
  });
  const output = [];
  child.stdout.on("data", (bytes) => output.push(bytes));
  child.stderr.on("data", (bytes) => output.push(bytes));
  const [code] = await once(child, "close");
  return { code: code ?? 1, output: Buffer.concat(output).toString() };
}

/** Installs what package-lock.json names unless node_modules has it already. */
export async function installIfNeeded() {
  const installed = join(root, "node_modules", ".package-lock.json");
  const wanted = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  await install();
}

/**
 * Installs what package-lock.json names, into this folder. npm hands its settings on to what it
 * starts: one that installs a program for everybody would have this end up there as well.
 */
export async function install() {
  const env = { npm_config_global: undefined, npm_config_location: undefined, npm_config_prefix: undefined };
  if ((await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], env)) !== 0) process.exit(1);
}

/**
 * Bundles a file of TypeScript into `folder`, which must lie in node_modules/, and imports it: runs
 * on any Node.
 */
export async function importTypeScript(path, folder) {
  const esbuild = await import("esbuild");
  const outfile = join(folder, path.replaceAll(/[/\\]/g, "-").replace(/\.ts$/, ".mjs"));
  await esbuild.build({
    entryPoints: [join(root, path)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  return import(pathToFileURL(outfile).href);
}
