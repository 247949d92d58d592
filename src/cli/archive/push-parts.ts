import { createHash } from "node:crypto";
import {
  completing,
  fileRangesOf,
  isEmptyRange,
  parsePart,
  type PartBound,
  type PartOfFile,
  rangeOf,
  sharedPartCountOf,
  withoutEmptyParts,
} from "../../archive/parts.node.ts";
import { shareParts } from "../../archive/share-parts.ts";
import { pathOfKey } from "../../archive/tree-index.node.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import { isBucket } from "../../transfer/endpoint.node.ts";
import type { TransferOptions } from "../../transfer/transfer-options.node.ts";
import { openCoordinator } from "../bucket/coordinator.ts";
import { readLease } from "../options/coordinator-options.ts";
import { endingSignal } from "../options/pace-options.ts";
import { untilUnlocked } from "../options/until-unlocked.ts";
import { formatBytes } from "../report/formatted-bytes.ts";
import { SummedReport } from "../report/summed-report.ts";
import { runTransfer } from "../transfer/transfer-run.ts";
import { cutSource, type PushCall } from "./cut-source.ts";
import { endOf } from "./partial-end.ts";

/** Milliseconds for which the part of a host that died may be locked at the destination. */
const lockedMs = 120_000;

/** A push whose sessions come to one summary. */
interface Push {
  readonly call: PushCall;
  readonly summed: SummedReport;
}

/**
 * Sends a part of a tree, or as many as other hosts leave to this one.
 *
 * @throws USAGE, PARTIAL when some entries failed or the time is over
 */
export async function pushParts(call: PushCall): Promise<void> {
  const { part: text, coordinator } = call.options;
  if (isBucket(call.operands[0]))
    throw new SyncError("USAGE", "parts are of a tree that is here, not in a bucket");
  checkTogether(call.options);
  if (text !== undefined && coordinator !== undefined)
    throw new SyncError("USAGE", "--part and --coordinator say two things");
  const summed = new SummedReport(call.report);
  const push = {
    call: {
      ...call,
      report: summed.report,
      signal: endingSignal(call.options, call.signal), // of all sessions together
      options: withoutEnding(call.options),
    },
    summed,
  };
  await (coordinator === undefined ? pushPart(push, text!) : pushShared(push, coordinator));
  endOf(summed.failedEntries);
}

/** The options but for those that say when to end. */
function withoutEnding(options: PushCall["options"]): PushCall["options"] {
  const { "stop-after": _minutes, "stop-at": _time, ...others } = options;
  return others;
}

async function pushPart(push: Push, text: string): Promise<void> {
  const { call, summed } = push;
  const part = parsePart(text);
  const { bounds } = await cutSource(call, () => part.count);
  await sendPart(push, bounds, text, part.number);
  for (const cut of fileRangesOf(bounds, part.number)) {
    const before = summed.missingBytes;
    await untilUnlocked(async () => runSession(push, { part: text, ...completing(cut) }), {
      signal: call.signal,
    });
    tellMissing(call, cut, summed.missingBytes - before);
  }
  summed.end();
}

/** Tells of a file that is not complete yet, as other hosts have not sent all of their ranges. */
function tellMissing(
  { report }: PushCall,
  { range, fileRange: { fileBytes } }: PartOfFile,
  missingBytes: number,
): void {
  if (missingBytes === 0) return;
  const path = pathOfKey(range.from!);
  const presentBytes = Math.max(0, fileBytes - missingBytes);
  report.notice(
    `${path} is not complete yet: ${formatBytes(presentBytes)} of ${formatBytes(fileBytes)} are there, other parts bring the rest`,
    { path, presentBytes, fileBytes },
  );
}

/** Sends what is whole in a part, and then the ranges of files that are cut. */
async function sendPart(
  push: Push,
  bounds: readonly PartBound[],
  part: string,
  number: number,
): Promise<void> {
  const range = rangeOf(bounds, number);
  if (!isEmptyRange(range)) await runSession(push, { part, range });
  for (const cut of fileRangesOf(bounds, number)) await runSession(push, { part, ...cut });
}

/** Runs a session; that some of its entries failed keeps none of the others from being sent. */
async function runSession(
  { call, summed }: Push,
  part: Pick<TransferOptions, "part" | "range" | "fileRange">,
): Promise<void> {
  const before = summed.failedEntries;
  try {
    await runTransfer(call, part);
  } catch (thrown) {
    if (!isSyncError(thrown, "PARTIAL") || summed.failedEntries === before) throw thrown;
  }
}

/** The files that begin in a part and end in another one. */
function filesBegunIn(bounds: readonly PartBound[], number: number): readonly PartOfFile[] {
  return fileRangesOf(bounds, number).filter(({ fileRange }) => fileRange.offset === 0);
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

/** Takes parts from a coordinator until all are sent by somebody. */
async function pushShared({ call, summed }: Push, coordinator: string): Promise<void> {
  const { bounds: cut, totals } = await cutSource(call, sharedPartCountOf);
  const bounds = withoutEmptyParts(cut);
  const count = bounds.length + 1;
  const to = call.operands[1];
  const register = await openCoordinator(coordinator, `push-${hashOf(to)}`, {
    signal: call.signal,
  });
  const doPart = async (signal: AbortSignal, act: (own: Push) => Promise<void>) => {
    const before = summed.sentBytes;
    await untilUnlocked(async () => act({ call: { ...call, signal }, summed }), {
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
        await runSession(own, { part: `${number}/${count}`, range });
    });
  const isOpen = (number: number): boolean => filesBegunIn(bounds, number).length > 0;
  const terms = { ...readLease(call.options), count, send, isOpen, complete, signal: call.signal };
  try {
    const counts = await shareParts(register, hashOf(JSON.stringify([to, totals, bounds])), terms);
    const allBytes = counts["sentBytes"] ?? 0;
    call.report.notice(`all hosts together have sent ${formatBytes(allBytes)} of new content`, { allBytes });
    summed.end();
  } finally {
    await register.close();
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
