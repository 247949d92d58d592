import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./source-files.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const doors = Object.keys(manifest.exports).filter((door) => door !== "./package.json");

/**
 * Imports a door of the package by its public name in a fresh process and gives what it exports.
 */
function load(door: string, ...flags: string[]): string[] {
  const name = door.replace(".", manifest.name);
  const program = `console.log(JSON.stringify(Object.keys(await import("${name}"))))`;
  const output = execFileSync(process.execPath, [...flags, "--input-type=module", "-e", program], {
    cwd: root,
  });
  return JSON.parse(output.toString());
}

/** A module hook under which the native part cannot be found, as where it was not installed. */
const withoutKoffi = `data:text/javascript,${encodeURIComponent(`
  import { register } from "node:module";
  register("data:text/javascript," + encodeURIComponent(
    'export function resolve(name, context, next) {' +
    '  if (name === "koffi") throw Object.assign(new Error("not installed"), { code: "ERR_MODULE_NOT_FOUND" });' +
    '  return next(name, context);' +
    '}'));
`)}`;

test("the package is built", () => {
  expect(existsSync(join(root, "dist", "index.js")), "dist/ is missing: npm run build").toBe(true);
});

test.each(doors)("%s can be imported, has exports and declarations", (door) => {
  expect(load(door).length).toBeGreaterThan(0);
  expect(existsSync(join(root, manifest.exports[door].types))).toBe(true);
});

test("everything loads where the native part is missing", () => {
  expect(load("./node", "--import", withoutKoffi)).toEqual(load("./node"));
});

test("the Node face has all of the portable one", () => {
  expect(load("./node")).toEqual(expect.arrayContaining(load(".")));
});

test("declarations name no file that is not there", () => {
  const dist = join(root, "dist");
  const declarations = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".d.ts"),
  );
  expect(declarations.length).toBeGreaterThan(10);
  const dangling = declarations.flatMap((name) => {
    const text = readFileSync(join(dist, name), "utf8");
    const targets = [...text.matchAll(/(?:from |import\()"(\.[^"]+)"/g)].map((match) => match[1]!);
    return targets.filter((target) => !existsSync(join(dist, name, "..", target.replace(/\.js$/, ".d.ts"))));
  });
  expect(dangling).toEqual([]);
});

test("the command says its version", () => {
  const output = execFileSync(process.execPath, [join(root, manifest.bin[manifest.name]), "--version"]);
  expect(output.toString()).toContain(manifest.version);
});

test("the manual page is in a list, from which alone npm installs it", () => {
  expect(manifest.man).toEqual([expect.stringMatching(/\.1$/)]);
  expect(existsSync(join(root, manifest.man[0]))).toBe(true);
});
