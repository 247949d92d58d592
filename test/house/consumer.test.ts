import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
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

/** The libs that docs/library.md names. */
const projects = {
  "in Node": { lib: ["es2022"], types: ["node"], doors: doors.filter((door) => door !== "./browser") },
  "in browsers": {
    lib: ["es2022", "dom", "esnext.disposable"],
    types: [],
    doors: doors.filter((door) => !nodeDoors.includes(door)),
  },
};

test.each(Object.entries(projects))("the types of the package hold by themselves %s", (name, project) => {
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
  expect(compile()).toBe("");
});

/** What the compiler has to say. */
function compile(): string {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { stdio: "pipe" });
    return "";
  } catch (thrown) {
    return String((thrown as { stdout?: Buffer }).stdout);
  }
}
