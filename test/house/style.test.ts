import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, sourceFiles } from "./source-files.ts";

const files = sourceFiles();
const maxLineCount = 400;
const maxCommentColumns = 100;
/** Written by a program, so nobody reads it from top to bottom. */
const generated = new Set(["chunk/kernel.ts", "chunk/pieces-kernel.ts"]);

test("no file is too long to be about one thing", () => {
  const long = files
    .filter(({ path }) => !generated.has(path))
    .map(({ path, text }) => ({ path, lineCount: text.split("\n").length }))
    .filter(({ lineCount }) => lineCount > maxLineCount);
  expect(long).toEqual([]);
});

test("no comment is wider than is read at a glance", () => {
  const wide = writtenFiles().flatMap((path) =>
    readFileSync(join(root, path), "utf8")
      .split("\n")
      .map((line, at) => ({ line, where: `${path}:${at + 1}` }))
      .filter(({ line }) => line.length > maxCommentColumns && /^\s*(\/\/|\/\*|\* )/.test(line))
      .map(({ where }) => where),
  );
  expect(wide).toEqual([]);
});

test("what the command counts agrees with its noun", () => {
  const noun = /(?<!limit)\} (bytes|chunks|entries|files|objects|old versions|paths)\b/;
  const stiff = files
    .filter(({ path }) => path.startsWith("cli/"))
    .flatMap(({ path, text }) => text.split("\n").map((line) => ({ path, line })))
    .filter(({ line }) => noun.test(line) && !/=== 1 \?|countOf\(/.test(line));
  expect(stiff).toEqual([]);
});

/** What a wait in a test may take at least: a busy machine outruns less. */
const leastWaitMs = 120_000;

test("no test has a time limit that a busy machine outruns", () => {
  const limits = /(?:^( *)test(?:\.\w+)*\([\s\S]*?^\1\}|\btimeout:),? ([\d_]+)(?=\);?$|[, }])/gm;
  const short = writtenFiles()
    .filter((path) => path.endsWith(".test.ts"))
    .flatMap((path) =>
      [...readFileSync(join(root, path), "utf8").matchAll(limits)]
        .filter(([, , limit]) => Number(limit!.replaceAll("_", "")) < leastWaitMs)
        .map(([, , limit]) => `${path}: ${limit}`),
    );
  expect(short).toEqual([]);
});

/** Every program of this project, from the root. */
function writtenFiles(): string[] {
  return ["src", "test", "bench", "scripts", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|mjs)$/.test(name) && !name.includes("node_modules"))
      .map((name) => join(folder, name)),
  );
}

// Options are exempt: each of their members says what it does, and the function what they are for.
test("every exported thing says what it is for", () => {
  const silent = files.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return lines
      .map((line, at) => ({ line, before: lines[at - 1] ?? "", where: `${path}:${at + 1}` }))
      .filter(({ line }) =>
        /^export (async |abstract )?(function|class|const|interface|type) ?\*? ?\w/.test(line),
      )
      .filter(({ line }) => !/^export interface \w*Options\b/.test(line))
      .filter(({ before }) => !/\*\/$|^export (async )?function .*;$/.test(before))
      .map(({ where, line }) => `${where} ${line}`);
  });
  expect(silent).toEqual([]);
});

test("files and names say what they are", () => {
  const vague = /(^|[/-])(utils?|helpers?|common|base|manager|service|misc)([-.]|$)/;
  expect(files.map(({ path }) => path).filter((path) => vague.test(path) || /[A-Z_]/.test(path))).toEqual([]);
});

// The loader runs alone, before anything else is there; its place is in the home of the user.
test("directories are made with those around them in one way, which ends", () => {
  const raw = /mkdir(Sync)?\([^;]*recursive: true/s;
  const others = files.filter(({ path, text }) => !path.endsWith("far-end/loader.ts") && raw.test(text));
  expect(others.map(({ path }) => path)).toEqual([]);
});

test("tests are skipped by what prints the reason alone", () => {
  const skips = /\b(skipIf|runIf|skip|todo)\(|\.(skip|todo)\b/;
  const silent = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && path !== "obstacles.ts" && !path.endsWith("style.test.ts"))
    .filter((path) => skips.test(readFileSync(join(root, "test", path), "utf8")));
  expect(silent).toEqual([]);
});
