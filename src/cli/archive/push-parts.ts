import { createHash } from "node:crypto";
import { listTree } from "../../archive/list-tree.node.ts";
import { openIndex } from "../../archive/open-index.node.ts";
import {
  completing,
  cutParts,
  fileRangesOf,
  isEmptyRange,
  parsePart,
  type PartBound,
  type PartOfFile,
  type PartTotals,
  rangeOf,
  sharedPartCountOf,
  withoutEmptyParts,
} from "../../archive/parts.node.ts";
import { shareParts } from "../../archive/share-parts.ts";
import type { IndexedEntry } from "../../archive/tree-index.node.ts";
import { override } from "../../bytes/override.ts";
import { SyncError } from "../../errors.ts";
import { isBucket } from "../../transfer/endpoint.node.ts";
import { loadFilter } from "../../transfer/filter-loading.node.ts";
import { openSource } from "../../transfer/open-source.node.ts";
import { openCoordinator } from "../bucket/coordinator.ts";
import type { Call } from "../command.ts";
import { readLease } from "../options/coordinator-options.ts";
import { readFilterOptions } from "../options/filter-options.ts";
import type { partOptions } from "../options/part-options.ts";
import { untilUnlocked } from "../options/until-unlocked.ts";
import { formatBytes } from "../report/formatted-bytes.ts";
import type { Report, Summary } from "../report/report.ts";
import { runTransfer, type pushOptions } from "../transfer/transfer-run.ts";
import { contentsOf } from "./index-tree.ts";

/** Milliseconds for which the part of a host that died may be locked at the destination. */
const lockedMs = 120_000;

type PushCall = Call<typeof pushOptions & typeof partOptions, readonly ["SRC", "DST"]>;

/** Sends a part of a tree, or as many as other hosts leave to this one. @throws USAGE */
export async function pushParts(call: PushCall): Promise<void> {
  const { part: text, coordinator } = call.options;
  if (isBucket(call.operands[0]))
    throw new SyncError("USAGE", "parts are of a tree that is here, not in a bucket");
  checkTogether(call.options);
  if (coordinator === undefined) {
    const part = parsePart(text!);
    const { bounds } = await cutSource(call, () => part.count);
    await sendPart(call, bounds, text!, part.number);
    for (const cut of fileRangesOf(bounds, part.number))
      await untilUnlocked(async () => runTransfer(call, { part: text!, ...completing(cut) }), {
        signal: call.signal,
      });
    return;
  }
  if (text !== undefined) throw new SyncError("USAGE", "--part and --coordinator say two things");
  await pushShared(call, coordinator);
}

/** Sends what is whole in a part, and then the ranges of files that are cut. */
async function sendPart(
  call: PushCall,
  bounds: readonly PartBound[],
  part: string,
  number: number,
): Promise<void> {
  const range = rangeOf(bounds, number);
  if (!isEmptyRange(range)) await runTransfer(call, { part, range });
  for (const cut of fileRangesOf(bounds, number)) await runTransfer(call, { part, ...cut });
}

/** The files that begin in a part and end in another one. */
function filesBegunIn(bounds: readonly PartBound[], number: number): readonly PartOfFile[] {
  return fileRangesOf(bounds, number).filter(({ fileRange }) => fileRange.offset === 0);
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

function checkTogether(options: PushCall["options"]): void {
  const names = [
    "delete",
    "delete-excluded",
    "remove-source-files",
    "files-from",
    "relative",
    "snapshot",
  ] as const;
  const other = names.find((name) => (options as Readonly<Record<string, unknown>>)[name] !== undefined);
  if (other !== undefined)
    throw new SyncError("USAGE", `--${other} is for a whole tree, not for a part of it`);
}

/** What a tree was cut into, and what tells it apart from others. */
interface CutTree {
  readonly bounds: readonly PartBound[];
  readonly totals: PartTotals;
}

/** Cuts the tree that is sent, by its index or as it is. */
async function cutSource(
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

/** Takes parts from a coordinator until all are sent by somebody. */
async function pushShared(call: PushCall, coordinator: string): Promise<void> {
  const { bounds: cut, totals } = await cutSource(call, sharedPartCountOf);
  const bounds = withoutEmptyParts(cut);
  const count = bounds.length + 1;
  const to = call.operands[1];
  const register = await openCoordinator(coordinator, `push-${hashOf(to)}`, {
    signal: call.signal,
  });
  const summed = new SummedReport(call.report);
  const doPart = async (signal: AbortSignal, act: (own: PushCall) => Promise<void>) => {
    const before = summed.sentBytes;
    await untilUnlocked(async () => act({ ...call, report: summed.report, signal }), {
      mostMs: lockedMs,
      signal,
    });
    return { sentBytes: summed.sentBytes - before };
  };
  const send = async (number: number, signal: AbortSignal): Promise<Readonly<Record<string, number>>> =>
    doPart(signal, async (own) => sendPart(own, bounds, `${number}/${count}`, number));
  const complete = async (number: number, signal: AbortSignal): Promise<Readonly<Record<string, number>>> =>
    doPart(signal, async (own) => {
      for (const { range } of filesBegunIn(bounds, number))
        await runTransfer(own, { part: `${number}/${count}`, range });
    });
  const isOpen = (number: number): boolean => filesBegunIn(bounds, number).length > 0;
  const terms = { ...readLease(call.options), count, send, isOpen, complete, signal: call.signal };
  try {
    const counts = await shareParts(register, hashOf(JSON.stringify([to, totals, bounds])), terms);
    summed.end(counts["sentBytes"] ?? 0);
  } finally {
    await register.close();
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const summedFigures = ["entries", "files", "doneBytes", "newBytes", "wireBytes", "failedEntries"] as const;

/** Makes one summary of those of all parts. */
class SummedReport {
  readonly report: Report;
  readonly #whole: Report;
  readonly #sum: Record<(typeof summedFigures)[number], number> = {
    entries: 0,
    files: 0,
    doneBytes: 0,
    newBytes: 0,
    wireBytes: 0,
    failedEntries: 0,
  };

  constructor(whole: Report) {
    this.#whole = whole;
    this.report = override(whole, { summary: (summary: Summary) => this.#add(summary) });
  }

  get sentBytes(): number {
    return this.#sum.newBytes;
  }

  end(allBytes: number): void {
    this.#whole.notice(`all hosts together have sent ${formatBytes(allBytes)} of new content`, { allBytes });
    this.#whole.summary({ action: "sent", ...this.#sum });
  }

  #add(summary: Summary): void {
    for (const name of summedFigures) this.#sum[name] += summary[name] ?? 0;
  }
}
