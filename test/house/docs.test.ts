import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";
import { everyOption, readArguments } from "../../src/cli/options/arguments.ts";
import type { OptionSpec } from "../../src/cli/command.ts";
import { findRsyncOption, rsyncOptions } from "../../src/cli/options/rsync-options.ts";
import { formOf } from "../../src/cli/help.ts";
import { groupOf } from "../../src/cli/command-table.ts";
import { commands } from "../../src/cli/commands.ts";
import { errorCodes } from "../../src/errors.ts";
import { skipFor } from "../obstacles.ts";
import { anchorsOf, pages, readPage, tableRows } from "./pages.ts";
import { root, sourceFiles } from "./source-files.ts";

const all = pages();
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly scripts: Record<string, string>;
  readonly exports: Record<string, unknown>;
};

test("there are pages to look at", () => {
  const paths = all.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["README.md", "docs/protocol.md", "bench/README.md"]));
});

test("links lead to pages that exist, and to headings in them", () => {
  const dead = all.flatMap((page) =>
    [...page.text.matchAll(/\]\(([^)\s]*)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(page.path, link))
      .map((link) => `${page.path}: ${link}`),
  );
  expect(dead).toEqual([]);
});

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? from : posix.join(posix.dirname(from), file);
  if (!existsSync(join(root, path))) return false;
  return anchor === undefined || anchorsOf(readPage(path)).has(anchor);
}

test("source files point to pages and headings that exist", () => {
  const wrong = sourceFiles().flatMap(({ path, text }) =>
    [...text.matchAll(/docs\/[\w-]+\.md/g)]
      .map(([name]) => name)
      .filter((name) => !existsSync(join(root, name)))
      .map((name) => `${path}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test("files and folders that the pages name exist", () => {
  const missing = all.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:src|test|scripts|bench|examples|docs)\/[\w./-]*)`/g)]
      .map(([, name]) => name!)
      .filter((name) => !name.startsWith("docs/api") && !existsSync(join(root, name)))
      .map((name) => `${path}: ${name}`),
  );
  expect(missing).toEqual([]);
});

test("npm scripts that the pages name exist", () => {
  const named = all.flatMap(({ text }) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!));
  expect(named).toContain("demo");
  expect([...new Set(named)].filter((name) => !(name in manifest.scripts))).toEqual([]);
});

test("the README has two commands that do everything, each in a block of its own", () => {
  const lone = readPage("README.md").blocks.filter(
    ({ language, code }) => language === "sh" && /^npm .*\n$/.test(code),
  );
  expect(lone.map(({ code }) => code.trim())).toEqual(["npm run demo", "npm test"]);
});

test("command lines in the pages are ones that the command takes", async () => {
  const lines = all.flatMap(({ blocks }) =>
    blocks
      .filter(({ language }) => language === "sh")
      .flatMap(({ code }) => code.split(/[|\n]/))
      .flatMap((part) => /\brsync-stream (.*)$/.exec(part.replace(/\s+[<>].*$/, ""))?.[1] ?? []),
  );
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    const name = words.splice(0, groupOf(commands, words[0]!).length > 0 ? 2 : 1).join(" ");
    const argv = words;
    expect(Object.keys(commands), line).toContain(name);
    const command = await commands[name]!.load();
    expect(() => readArguments(argv, command), line).not.toThrow();
  }
});

const transfers = ["push", "pull", "sync", "check", "send", "recv"];

test.each(Object.keys(commands))("docs/cli.md tells all about %s", async (name) => {
  const { text } = readPage("docs/cli.md");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${name}\n`));
  expect(section, "a section").toBeDefined();
  expect(section).toContain(`    rsync-stream ${name} ${commands[name]!.synopsis}\n`);
  const { options } = await commands[name]!.load();
  expect(optionsIn(section!)).toEqual(transfers.includes(name) ? [] : Object.keys(options));
});

test("docs/cli.md tells all about options of transfers", async () => {
  const { text } = readPage("docs/cli.md");
  const found = /(?<=^\| option \| meaning \| for \|\n\| --- \| --- \| --- \|\n)(?:\|.*\n)*/m.exec(text)?.[0];
  const wanted = await transferRows();
  // UPDATE_DOCS=1 npx vitest run test/house/docs.test.ts writes them anew.
  if (process.env["UPDATE_DOCS"] === "1" && found !== undefined)
    writeFileSync(
      join(root, "docs/cli.md"),
      text.replace(`| for |\n| --- | --- | --- |\n${found}`, `| for |\n| --- | --- | --- |\n${wanted}`),
    );
  else expect(found).toBe(wanted);
});

/** A row for each option of transfers, and the commands that have it. */
async function transferRows(): Promise<string> {
  const rows = new Map<string, { readonly form: string; readonly about: string; readonly by: string[] }>();
  for (const name of transfers) {
    for (const [option, spec] of Object.entries((await commands[name]!.load()).options)) {
      const row = { form: formOf(option, spec).trim(), about: spec.doc ?? spec.about, by: [] };
      if (!rows.has(option)) rows.set(option, row);
      rows.get(option)!.by.push(name);
    }
  }
  const lines = [...rows.values()].map(
    ({ form, about, by }) =>
      `| \`${form.replace(", ", "`, `")}\` | ${about.replaceAll("|", "\\|")} | ${by.join(", ")} |\n`,
  );
  return lines.join("");
}

test("docs/cli.md has the options of every command, and every exit code", () => {
  const { text } = readPage("docs/cli.md");
  const section = (title: string) => text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
  expect(optionsIn(section("Options of every command"))).toEqual(Object.keys(everyOption));
  const codes = tableRows(section("Exit codes")).map(([code]) => Number(code));
  const exits = Object.values(errorCodes).map(({ exit }) => exit);
  expect(codes.filter((code) => !Number.isNaN(code))).toEqual(
    [...new Set([0, ...exits])].sort((a, b) => a - b),
  );
});

test("docs/coming-from-rsync.md tells what each option of rsync comes to", async () => {
  const head = "| option | here | |\n| --- | --- | --- |\n";
  const { text } = readPage("docs/coming-from-rsync.md");
  const [before, found] = text.split(head);
  const wanted = await rsyncRows();
  // UPDATE_DOCS=1 npx vitest run test/house/docs.test.ts writes them anew.
  if (process.env["UPDATE_DOCS"] === "1")
    writeFileSync(join(root, "docs/coming-from-rsync.md"), `${before}${head}${wanted}`);
  else expect(found).toBe(wanted);
});

async function rsyncRows(): Promise<string> {
  const own: Record<string, OptionSpec> = { ...everyOption };
  for (const name of transfers) Object.assign(own, (await commands[name]!.load()).options);
  const lines = rsyncOptions.map(({ letters, name, taken, text }) => {
    const spec = own[name];
    const form = [...[...letters].map((letter) => `\`-${letter}\``), `\`--${name}\``].join(", ");
    const ours = spec?.unlike === undefined ? ["same", ""] : ["different", spec.unlike];
    const [kind, remark] = spec ? ours : [taken ? "needless" : "no", text];
    return `| ${form} | ${kind} | ${remark!.replaceAll("|", "\\|").replaceAll("*", "\\*")} |\n`;
  });
  return lines.sort((a, b) => (nameIn(a) < nameIn(b) ? -1 : 1)).join("");
}

const nameIn = (line: string) => /--([a-z0-9-]+)/i.exec(line)![1]!;

test("no option of the installed rsync is forgotten", (context) => {
  const { stdout, error } = spawnSync("rsync", ["--help"], { encoding: "utf8" });
  if (error) return skipFor(context, "rsync is not installed");
  const names = [...stdout.matchAll(/^ *(?:-., )?--([a-z][a-zA-Z0-9-]*)/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(100);
  const generic = new Set(["help", "version", "no-OPTION"]);
  expect(names.filter((name) => !generic.has(name) && findRsyncOption(name) === undefined)).toEqual([]);
});

/** The long names in the first column of a section's tables, in their order. */
function optionsIn(section: string): string[] {
  return tableRows(section).flatMap(([first]) => /--([a-z][a-z-]*)/.exec(first!)?.[1] ?? []);
}

/** Names that limits are exported under: objects of them, and some that stand alone. */
const limitExport =
  /^export const (\w+(?:Limits|Times|Ms|Bytes)|max[A-Z]\w*)(?:: \S+)? = (?:Object\.freeze|\d)/gm;

/** An exported number of bytes that is smaller is one of a format, and bounds nothing. */
const leastBoundBytes = 65_536;

/** Every exported limit by its name, and which object it is in. */
async function exportedLimits(): Promise<{ objects: string[]; values: Record<string, number> }> {
  const objects: string[] = [];
  const values: Record<string, number> = {};
  for (const { path, text } of sourceFiles()) {
    const names = [...text.matchAll(limitExport)].map(([, name]) => name!);
    if (names.length === 0) continue;
    const found = (await import(join(root, "src", path))) as Record<string, number | Record<string, number>>;
    for (const name of names) {
      const value = found[name]!;
      if (/^(?!max).*Bytes$/.test(name) && !(Number(value) >= leastBoundBytes)) continue;
      if (typeof value === "object") objects.push(name);
      const members = typeof value === "object" ? value : { [name]: value };
      for (const [member, each] of Object.entries(members)) {
        expect(values[member] ?? each, `${member} has one value`).toBe(each);
        values[member] = each;
      }
    }
  }
  return { objects, values };
}

test("docs/limits.md has every exported limit with its value", async () => {
  const { text } = readPage("docs/limits.md");
  const listed = tableRows(text)
    .map(([name, value]) => [/^`(\w+)`$/.exec(name!)?.[1], Number(value)] as const)
    .filter(([name]) => name !== undefined);
  const { objects, values } = await exportedLimits();
  expect(Object.fromEntries(listed)).toEqual(values);
  expect(objects.length).toBeGreaterThan(10);
  expect(objects.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test("the architecture page has every room", () => {
  const rooms = tableRows(readPage("docs/architecture.md").text).flatMap(([first]) =>
    [...first!.matchAll(/`([a-z]+)\/`/g)].map(([, room]) => room!),
  );
  const folders = new Set(
    sourceFiles().flatMap(({ path }) => (path.includes("/") ? path.split("/")[0]! : [])),
  );
  folders.delete("testing"); // a face of the package, not a room
  expect(rooms.sort()).toEqual([...folders].sort());
});

/** Where the doors of the package lead while it is not built. */
const doors = Object.fromEntries(
  Object.keys(manifest.exports)
    .filter((door) => door !== "./package.json")
    .map((door) => {
      const name = door === "." ? "index" : door.slice(2);
      const paths = [`src/${name}.ts`, `src/${name}.node.ts`, `src/${name}/index.ts`];
      const path = paths.find((each) => existsSync(join(root, each)));
      return [door.replace(".", "rsync-stream"), [join(root, path ?? "missing")]];
    }),
);

test("the examples in the pages fit the types", () => {
  const examples = all.flatMap(({ path, blocks }) =>
    blocks.filter(({ language }) => language === "ts").map(({ code }) => ({ path, code })),
  );
  expect(examples.length).toBeGreaterThan(8);
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "docs-"));
  try {
    const files = examples.map(({ path, code }, at) => {
      const name = `${path.replaceAll(/\W/g, "-")}-${at + 1}.ts`;
      writeFileSync(join(folder, name), `${code}\nexport {};\n`);
      return name;
    });
    const compilerOptions = { paths: doors, noUnusedLocals: false, types: ["node"] };
    const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: [], files };
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    expect(compile(folder)).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What the compiler has to say. */
function compile(project: string): string {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", project, "--pretty", "false"], { stdio: "pipe" });
    return "";
  } catch (thrown) {
    return String((thrown as { stdout?: Buffer }).stdout);
  }
}
