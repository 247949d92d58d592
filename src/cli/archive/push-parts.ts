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
import { SyncError } from "../../errors.ts";
import { isBucket } from "../../transfer/endpoint.node.ts";
import { openCoordinator } from "../bucket/coordinator.ts";
import { readLease } from "../options/coordinator-options.ts";
import { untilUnlocked } from "../options/until-unlocked.ts";
import { SummedReport } from "../report/summed-report.ts";
import { runTransfer } from "../transfer/transfer-run.ts";
import { cutSource, type PushCall } from "./cut-source.ts";

/** Milliseconds for which the part of a host that died may be locked at the destination. */
const lockedMs = 120_000;

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
