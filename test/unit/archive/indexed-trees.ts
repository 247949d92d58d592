import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { jsonForm } from "../../../src/archive/json-index.node.ts";
import { makeIndex, type MakeIndexOptions } from "../../../src/archive/make-index.node.ts";
import { openIndex } from "../../../src/archive/open-index.node.ts";
import { sqliteForm } from "../../../src/archive/sqlite-index.node.ts";
import type { IndexedEntry, TreeIndex } from "../../../src/archive/tree-index.node.ts";
import { type IndexForm, writeIndex } from "../../../src/archive/write-index.node.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";

/** The forms that hold all of a tree. */
export const wholeForms: readonly (readonly [string, IndexForm])[] = [
  ["sqlite", sqliteForm],
  ["jsonl", jsonForm],
];

export function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "archive-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Makes files that were last modified in 1970, so that they are settled. */
export function plantFiles(root: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    utimesSync(join(root, path), 1000, 1000);
  }
}

/** Writes the index of a tree; returns what `makeIndex` does. */
export async function indexTo(
  path: string,
  root: string,
  form: IndexForm = sqliteForm,
  options: MakeIndexOptions = {},
): ReturnType<typeof makeIndex> {
  const source = await openTreeSource(`${root}/`);
  const { digest = "sha256" } = options;
  const writer = writeIndex(path, form, { digest, isOfFiles: false });
  try {
    return await makeIndex(source, writer, { ...options, digest });
  } finally {
    writer.close();
    await source.close();
  }
}

export async function entriesOf(index: Pick<TreeIndex, "entries" | "close">): Promise<IndexedEntry[]> {
  try {
    return await collect(index.entries());
  } finally {
    index.close();
  }
}

/** What stands in an index, as its paths. */
export async function pathsIn(path: string): Promise<string[]> {
  return (await entriesOf(openIndex(path))).map((entry) => entry.path);
}

/** All that comes in batches. */
export async function collect<Item>(batches: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}
