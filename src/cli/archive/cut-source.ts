import { listTree } from "../../archive/list-tree.node.ts";
import { openIndex } from "../../archive/open-index.node.ts";
import { cutParts, type PartBound, type PartTotals } from "../../archive/parts.node.ts";
import type { IndexedEntry } from "../../archive/tree-index.node.ts";
import { loadFilter } from "../../transfer/filter-loading.node.ts";
import { openSource } from "../../transfer/open-source.node.ts";
import type { Call } from "../command.ts";
import { readFilterOptions } from "../options/filter-options.ts";
import type { partOptions } from "../options/part-options.ts";
import type { pushOptions } from "../transfer/transfer-run.ts";
import { contentsOf } from "./index-tree.ts";

/** A push of a part of a tree. */
export type PushCall = Call<typeof pushOptions & typeof partOptions, readonly ["SRC", "DST"]>;

/** What a tree was cut into, and what tells it apart from others. */
interface CutTree {
  readonly bounds: readonly PartBound[];
  readonly totals: PartTotals;
}

/** Cuts the tree that is sent, by its index or as it is. */
export async function cutSource(
  { operands: [from], options, signal }: PushCall,
  countOf: (totals: PartTotals) => number,
): Promise<CutTree> {
  const cuts = cutsFiles(options);
  if (options.index !== undefined) {
    const index = openIndex(options.index);
    try {
      const { totals } = index;
      return { bounds: await cutParts(index.entries({ signal }), totals, countOf(totals), cuts), totals };
    } finally {
      index.close();
    }
  }
  const { filter } = await loadFilter(await readFilterOptions(options), "receiver");
  const source = await openSource(contentsOf(from), { filter, copyLinks: options["copy-links"] });
  try {
    const totals = await countFiles(listTree(source, { signal }));
    return { bounds: await cutParts(listTree(source, { signal }), totals, countOf(totals), cuts), totals };
  } finally {
    await source.close();
  }
}

async function countFiles(batches: AsyncIterable<readonly IndexedEntry[]>): Promise<PartTotals> {
  let [files, bytes] = [0, 0];
  for await (const batch of batches)
    for (const { kind, size } of batch) {
      if (kind === "file") files += 1;
      bytes += size;
    }
  return { files, bytes };
}

/** What makes files in a way of its own has them whole. */
const wholeFileOptions = [
  "dry-run",
  "inplace",
  "hard-links",
  "temp-dir",
  "compare-dest",
  "copy-dest",
  "link-dest",
  "store",
  "source-store",
] as const;

/** True when long files are cut into ranges. */
function cutsFiles(options: PushCall["options"]): boolean {
  const given = options as Readonly<Record<string, unknown>>;
  return wholeFileOptions.every((name) => given[name] === undefined || given[name] === false);
}
