import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./source-files.ts";

/** A page of the documentation. */
export interface Page {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Fenced blocks: the word behind the fence, and what is inside. */
  readonly blocks: readonly { readonly language: string; readonly code: string }[];
}

/** Every page that is written by hand. */
export function pages(): Page[] {
  const inFolder = (folder: string) => readdirSync(join(root, folder)).map((name) => join(folder, name));
  return [...inFolder("."), ...inFolder("docs"), ...inFolder("bench")]
    .filter((path) => path.endsWith(".md"))
    .map((path) => path.replaceAll("\\", "/"))
    .map((path) => readPage(path));
}

/** One page, by its path from the root. */
export function readPage(path: string): Page {
  const text = readFileSync(join(root, path), "utf8");
  const fences = text.matchAll(/^```(\w*)\n([^]*?)^```$/gm);
  return {
    path,
    text,
    blocks: [...fences].map(([, language, code]) => ({ language: language!, code: code! })),
  };
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf({ text }: Page): Set<string> {
  const headings = text.replace(/^```[^]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** The rows of all tables in a text, cell by cell, without the bars. */
export function tableRows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
