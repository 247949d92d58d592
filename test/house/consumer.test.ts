import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { skipFor } from "../obstacles.ts";
import { installPackage } from "./installed.ts";
import { root } from "./source-files.ts";

const { folder, remove } = installPackage();
afterAll(remove);

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, unknown>>;
};
const doors = Object.keys(manifest.exports).filter((door) => door !== "./package.json");
const nodeDoors = [
  "./node",
  "./transport/stdio",
  "./transport/child-process",
  "./transport/ws",
  "./transport/http",
  "./transport/turn-host",
];

const own = join(root, "node_modules", "typescript", "bin", "tsc");
/** A compiler of the oldest version that docs/library.md names, which `.ci/run` installs. */
const oldest = process.env["RSYNC_STREAM_OLDEST_TSC"] ?? "";

/** The libs that docs/library.md names. */
const projects = {
  "in Node": { lib: ["es2022"], types: ["node"], doors: doors.filter((door) => door !== "./browser") },
  "in browsers": {
    lib: ["es2022", "dom", "esnext.disposable"],
    types: [],
    doors: doors.filter((door) => !nodeDoors.includes(door)),
  },
};

const cases = Object.entries(projects).flatMap(([name, project]) =>
  [own, oldest].map((tsc) => ({ name, project, tsc, by: tsc === own ? "here" : "of the oldest version" })),
);

test.for(cases)(
  "the types hold by themselves $name, for the compiler $by",
  ({ name, project, tsc }, context) => {
    if (tsc === "") skipFor(context, "RSYNC_STREAM_OLDEST_TSC names no compiler, as `.ci/run` does");
    if (tsc === oldest) expect(versionOf(tsc)).toBe(oldestNamed);
    const imports = project.doors.map(
      (door, at) => `export * as door${at} from "${door.replace(".", "rsync-stream")}";`,
    );
    const file = `${name.replace(" ", "-")}.ts`;
    writeFileSync(join(folder, file), imports.join("\n"));
    const compilerOptions = {
      ...{ target: "es2022", module: "nodenext", lib: project.lib, types: project.types, noEmit: true },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      skipLibCheck: false,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
    expect(compile(tsc)).toBe("");
  },
);

/** As docs/library.md has it. */
const oldestNamed = /TypeScript (\d+\.\d+) or newer/.exec(
  readFileSync(join(root, "docs/library.md"), "utf8"),
)?.[1];

function versionOf(tsc: string): string | undefined {
  const said = execFileSync(process.execPath, [tsc, "--version"], { encoding: "utf8" });
  return /Version (\d+\.\d+)/.exec(said)?.[1];
}

/** What the compiler has to say. */
function compile(tsc: string): string {
  try {
    execFileSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { stdio: "pipe" });
    return "";
  } catch (thrown) {
    return String((thrown as { stdout?: Buffer }).stdout);
  }
}
