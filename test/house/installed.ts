import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { builtCli } from "../built.ts";
import { root } from "./source-files.ts";

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** A project that has the package as npm packs it, and what that depends on. */
export interface Consumer {
  readonly folder: string;
  /** Where the package is in it. */
  readonly installed: string;
  remove(): void;
}

/**
 * Packs the package and unpacks it in a project of its own, where nothing of ours is but what the
 * package names as its dependencies and, for the compiler, the types of Node.
 */
export function installPackage(): Consumer {
  builtCli();
  const folder = mkdtempSync(join(tmpdir(), "consumer-"));
  const installed = join(folder, "node_modules", "rsync-stream");
  mkdirSync(installed, { recursive: true });
  execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    stdio: "pipe",
  });
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  execFileSync("tar", ["-xzf", join(folder, archive), "-C", installed, "--strip-components", "1"]);

  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
  const wanted = { ...manifest.dependencies, ...manifest.optionalDependencies, "@types/node": "" };
  for (const name of Object.keys(wanted)) {
    mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return { folder, installed, remove: () => rmSync(folder, { recursive: true }) };
}
