import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DataSet } from "./data-set.ts";
import { versionSeconds } from "./made-tree.ts";
import { runShell } from "./shell.ts";

/** Name, and the newest version at the first of March and of April 2026. */
const packages = [
  ["typescript", "5.9.3", "6.0.2"],
  ["eslint", "10.0.2", "10.1.0"],
  ["prettier", "3.8.1", "3.8.1"],
  ["webpack", "5.105.3", "5.105.4"],
  ["vite", "7.3.1", "8.0.3"],
  ["next", "16.1.6", "16.2.1"],
  ["react-dom", "19.2.4", "19.2.4"],
  ["lodash", "4.17.23", "4.18.0"],
  ["@babel/core", "7.29.0", "7.29.0"],
  ["@types/node", "25.3.3", "25.5.0"],
  ["zod", "4.3.6", "4.3.6"],
  ["date-fns", "4.1.0", "4.1.0"],
  ["three", "0.182.0", "0.183.2"],
  ["core-js", "3.48.0", "3.49.0"],
  ["rxjs", "7.8.2", "7.8.2"],
  ["@mui/material", "7.3.7", "7.3.9"],
] as const;

/** Packages of npm without what they depend on, as they are laid out where they are installed. */
export const modules: DataSet = {
  name: "modules",
  title: "node_modules, a month apart",
  isTree: true,
  needs: { full: ["npm", "tar"] },
  hasQuick: false,
  make({ folder }) {
    const scratch = join(folder, "download");
    mkdirSync(scratch);
    const specs = packages.flatMap(([name, old, next]) => [`${name}@${old}`, `${name}@${next}`]);
    runShell(scratch, 'npm pack --ignore-scripts --silent "$@"', ...new Set(specs));
    for (const [name, old, next] of packages) {
      unpack(scratch, name, old, join(folder, "old"));
      unpack(scratch, name, next, join(folder, "new"));
    }
    rmSync(scratch, { recursive: true });
    for (const version of ["old", "new"] as const) setTimes(join(folder, version), versionSeconds[version]);
  },
};

function unpack(scratch: string, name: string, version: string, tree: string): void {
  const tarball = join(scratch, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  const place = join(tree, name);
  mkdirSync(place, { recursive: true });
  runShell(place, 'tar xzf "$1" --strip-components 1 --no-same-owner', tarball);
}

/** An installation gives all of it the time of its own. */
function setTimes(tree: string, seconds: number): void {
  runShell(tree, 'find . -exec touch -h -d "@$1" {} +', String(seconds));
}
