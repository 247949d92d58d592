import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SyncError } from "../../../../src/errors.ts";
import { createTreeFilter, type TreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import { openTreePreview, type TreePreviewOptions } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import type { TreeTarget } from "../../../../src/tree/target.ts";
import { describeTree, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

type Kind = "file" | "dir" | "closed dir" | "link" | "pipe";

/**
 * What stands at a path; a path that leads through something that is no directory is passed over.
 */
interface Planted {
  readonly kind: Kind;
  readonly content: string;
  readonly seconds: number;
}

type Tree = Readonly<Record<string, Planted>>;

const path = fc.array(fc.constantFrom("a", "b", "kept"), { minLength: 1, maxLength: 3 });
const tree: fc.Arbitrary<Tree> = fc.dictionary(
  path.map((names) => names.join("/")),
  fc.record({
    kind: fc.constantFrom<Kind>("file", "file", "dir", "closed dir", "link", "pipe"),
    content: fc.constantFrom("", "1", "22"),
    seconds: fc.constantFrom(1000, 2000),
  }),
  { maxKeys: 8 },
);

function plant(root: string, planted: Tree): void {
  fs.mkdirSync(root);
  const dirs: [place: string, mode: number, seconds: number][] = [];
  for (const [name, { kind, content, seconds }] of Object.entries(planted).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    const place = join(root, name);
    try {
      fs.mkdirSync(dirname(place), { recursive: true });
      if (kind === "file") fs.writeFileSync(place, content, { flag: "wx" });
      else if (kind === "link") fs.symlinkSync(`to-${content}`, place);
      else if (kind === "pipe") execFileSync("mkfifo", [place]);
      else fs.mkdirSync(place);
    } catch {
      continue; // something else is in the way
    }
    if (kind.endsWith("dir")) dirs.push([place, kind === "dir" ? 0o755 : 0o555, seconds]);
    else fs.lutimesSync(place, seconds, seconds);
  }
  for (const [place, mode, seconds] of dirs.reverse()) {
    fs.utimesSync(place, seconds, seconds);
    fs.chmodSync(place, mode);
  }
}

/** What a session tells of a path, and how it ends. */
interface Told {
  readonly changes: readonly string[];
  readonly troubles: readonly string[];
  readonly end: string;
}

/** Hears what a target tells. What is done at the end of a session may be told in another order. */
async function hear(
  from: string,
  open: (options: TreePreviewOptions) => TreeTarget | Promise<TreeTarget>,
  filter: TreeFilter | undefined,
): Promise<Told> {
  const changes: string[] = [];
  const describe = ({ code, detail: { path: at } }: SyncError): string => `${code} ${at ?? ""}`;
  const target = await open({
    onChange: ({ change, path: at, kind, size }: TreeChange) =>
      void changes.push(`${change} ${at} ${kind} ${size}`),
  });
  try {
    const { troubles } = await syncTrees(await openTreeSource(from, { filter }), target);
    return { changes: changes.sort(), troubles: troubles.map(describe).sort(), end: "done" };
  } catch (thrown) {
    return { changes: [], troubles: [], end: describe(thrown as SyncError) };
  }
}

const rules = fc.constantFrom(
  [],
  ["- kept"],
  ["- kept/"],
  ["- /a/kept"],
  ["- a/"],
  ["P kept"],
  ["H b", "-p kept"],
);

test("a preview tells what the session then tells and does, and afterwards nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      tree,
      rules,
      fc.constantFrom(undefined, 2, 100),
      async (sent, there, excluded, limit) => {
        using temp = tempDir();
        const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
        plant(from, sent);
        plant(to, there);
        const filter = excluded.length > 0 ? createTreeFilter(excluded) : undefined;
        const deletion = limit === undefined ? {} : { maxDeletedCount: limit, filter };
        const foretell = () =>
          hear(`${from}/`, (told) => openTreePreview(to, { ...deletion, ...told }), filter);
        const before = describeTree(to);
        const foretold = await foretell();
        expect(describeTree(to)).toEqual(before);
        const told = await hear(`${from}/`, (heard) => openTreeTarget(to, { ...deletion, ...heard }), filter);
        expect(foretold).toEqual(told);
        if (told.end !== "done") return;
        const paths = told.changes.map((line) => `./${line.split(" ")[1]}`).filter((path) => path !== "./."); // its time is for other tests
        const after = describeTree(to);
        expect(differences(before, after)).toEqual(expect.arrayContaining(paths));
        expect(paths).toEqual(expect.arrayContaining(differences(before.map(timeless), after.map(timeless))));
        expect(await foretell()).toEqual({ ...told, changes: [] });
      },
    ),
    { numRuns: 100 },
  );
});

/** A line of a directory without its time, which changes with what is in it. */
const timeless = (line: string): string => line.replace(/(?<= )\d+ dir$/, "dir");

/** The paths whose lines differ, but for the root. */
function differences(before: readonly string[], after: readonly string[]): string[] {
  const lines = (all: readonly string[]) => new Map(all.map((line) => [line.split(" ")[0]!, line]));
  const [old, now] = [lines(before), lines(after)];
  const paths = new Set([...old.keys(), ...now.keys()]);
  return [...paths].filter((at) => at !== "." && old.get(at) !== now.get(at)).sort();
}
