import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { root, sourceFiles } from "./source-files.ts";

const files = sourceFiles();
const maxLineCount = 400;
/** Written by a program, so nobody reads it from top to bottom. */
const generated = new Set(["chunk/kernel.ts"]);

test("no file is too long to be about one thing", () => {
  const long = files
    .filter(({ path }) => !generated.has(path))
    .map(({ path, text }) => ({ path, lineCount: text.split("\n").length }))
    .filter(({ lineCount }) => lineCount > maxLineCount);
  expect(long).toEqual([]);
});

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

test("links between the pages lead somewhere", () => {
  const docs = join(root, "docs");
  const names = existsSync(docs) ? readdirSync(docs).map((name) => join(docs, name)) : [];
  const pages = [...names, join(root, "README.md")].filter(
    (path) => path.endsWith(".md") && existsSync(path),
  );
  const dead = pages.flatMap((page) => {
    const links = [...readFileSync(page, "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1]!,
    );
    return links
      .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(dirname(page), link)))
      .map((link) => `${relative(root, page)}: ${link}`);
  });
  expect(dead).toEqual([]);
});
