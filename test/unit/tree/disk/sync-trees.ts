import { toHex } from "../../../../src/bytes/hex.ts";
import { idBytes } from "../../../../src/chunk/chunk.ts";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import type { CutterSpec } from "../../../../src/chunk/cutter.ts";
import { verifyChunk } from "../../../../src/chunk/verify.ts";
import type { SyncError } from "../../../../src/errors.ts";
import { EntryChecker } from "../../../../src/tree/entry/entry-order.ts";
import type { Layout } from "../../../../src/tree/entry/entry.ts";
import type { CutRun, TreeSource } from "../../../../src/tree/source.ts";
import type { Need, Placement, TreeTarget } from "../../../../src/tree/target.ts";

export interface SyncTreesOptions {
  readonly cutter?: CutterSpec;
  readonly search?: boolean;
  /** Called before each batch of content; throws to break off. */
  readonly onBatch?: () => void;
  /** Called when all content was written. */
  readonly beforeCommit?: () => Promise<void>;
  /** True to break off without commit after the content was written. */
  readonly noCommit?: boolean;
  /** False for a source that could not list all it has. */
  readonly whole?: boolean;
}

export interface SyncTreesResult {
  readonly entryCount: number;
  readonly needs: Record<"nothing" | "ask" | "all" | "old", number>;
  /** Bytes of content that had to be sent. */
  sentBytes: number;
  readonly troubles: SyncError[];
}

/** Sends a tree into a target in one straight line, with no session between them. */
export async function syncTrees<File>(
  source: TreeSource<File> & { readonly layout: Layout },
  target: TreeTarget,
  options: SyncTreesOptions = {},
): Promise<SyncTreesResult> {
  const cutter = options.cutter ?? fastcdcSpec();
  const troubles: SyncError[] = [];
  const onTrouble = (error: SyncError): void => void troubles.push(error);
  const { layout } = source;
  const needs = { nothing: 0, ask: 0, all: 0, old: 0 };
  const wanted = new Map<File, { entry: number; need: Need }>();
  const checker = new EntryChecker(layout);
  let entryCount = 0;
  try {
    await target.open({ cutter, layout, search: options.search ?? false, onTrouble: (_, e) => onTrouble(e) });
    for await (const batch of source.entries({ onTrouble })) {
      for (const { entry } of batch) checker.check(entry);
      const answers = await target.plan(
        batch.map(({ entry }) => entry),
        entryCount,
      );
      answers.forEach((need, i) => {
        needs[typeof need === "string" ? need : "old"]++;
        if (need !== "nothing") wanted.set(batch[i]!.file, { entry: entryCount + i, need });
      });
      entryCount += batch.length;
    }
    const result: SyncTreesResult = { entryCount, needs, sentBytes: 0, troubles };
    const offsets = new Map<File, number>();
    const pushed = new Set<string>();
    for await (const runs of source.cut([...wanted.keys()], cutter, {})) {
      options.onBatch?.();
      await sendRuns(target, runs, wanted, offsets, pushed, result);
    }
    await options.beforeCommit?.();
    if (!options.noCommit) await target.commit(options.whole ?? true);
    return result;
  } finally {
    await target.close();
    await source.close();
  }
}

async function sendRuns<File>(
  target: TreeTarget,
  runs: readonly CutRun<File>[],
  wanted: ReadonlyMap<File, { entry: number; need: Need }>,
  offsets: Map<File, number>,
  /** What was sent: a chunk of a file that is wanted as a whole goes out once, too. */
  pushed: Set<string>,
  result: SyncTreesResult,
): Promise<void> {
  const done: { entry: number; size: number }[] = [];
  for (const { file, sizes, ids, bytes, end } of runs) {
    const { entry, need } = wanted.get(file)!;
    let offset = offsets.get(file) ?? 0;
    const [asked] = need === "ask" ? await target.place([{ entry, offset, ids, sizes }]) : [];
    const placements: Placement[] = [];
    let at = 0;
    for (const [i, size] of sizes.entries()) {
      const id = ids.subarray(i * idBytes, (i + 1) * idBytes);
      const key = toHex(id);
      const isPlaced = async (): Promise<boolean> =>
        pushed.has(key) && (await target.place([{ entry, offset, ids: id, sizes: [size] }]))[0]![0] === 1;
      if (asked ? asked[i] === 0 : !(await isPlaced())) {
        placements.push({ entry, offset, chunk: verifyChunk(id, bytes.subarray(at, at + size)) });
        result.sentBytes += size;
        pushed.add(key);
      }
      at += size;
      offset += size;
    }
    offsets.set(file, offset);
    await target.write(placements);
    if (end === "complete") done.push({ entry, size: offset });
    else if (end) {
      await target.abandon(entry, end);
    }
  }
  await target.finish(done);
}
