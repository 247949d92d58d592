import type { SessionRun } from "./session-run.ts";

/** Bytes of a list that each chunk takes at least: its id and its size. */
const chunkCostBytes = 33;

/** What holds in every state. @throws Error */
export function checkState(run: SessionRun): void {
  const { target, source, setting } = run;
  const kept = keptBytesOf(run);
  if (kept > setting.keptBytes) throw new Error(`the sender keeps ${kept} bytes of ${setting.keptBytes}`);
  const awaited = awaitedCountOf(run);
  if (awaited * chunkCostBytes > run.open.open.chunks)
    throw new Error(`${awaited} chunks are awaited, and ${run.open.open.chunks} bytes of lists not settled`);
  for (const [path, { content, version }] of target.files) {
    const listed = source.listed.get(path);
    if (listed?.version === version && listed.content !== content)
      throw new Error(`${path} is ${content} instead of ${listed.content}`);
  }
}

/** What holds when both ends are done. @throws Error */
export function checkEnd(run: SessionRun): void {
  const { source, target, told } = run;
  checkReused(run);
  if (keptBytesOf(run) > 0) throw new Error(`the sender still keeps ${keptBytesOf(run)} bytes`);
  for (const [path, listed] of source.listed) {
    const there = target.files.get(path);
    const isRight = there?.version === listed.version && there.content === listed.content;
    const isTold = told.sender.paths.has(path) && told.receiver.paths.has(path);
    const isAwaited = path === run.setting.waiting && run.sender.totals.missingBytes > 0;
    if (!isRight && !isTold && !isAwaited)
      throw new Error(`${path} is not right, and not both ends are told`);
    if (isRight && (told.sender.paths.has(path) || told.receiver.paths.has(path)))
      throw new Error(`${path} is right, and told as failed`);
  }
}

/** @throws Error where an end counts other content as used again than what did not come */
function checkReused(run: SessionRun): void {
  const { told, sender, receiver } = run;
  if (told.sender.paths.size + told.receiver.paths.size > 0) return; // of those that failed some may have come
  const ends = [
    ["sender", sender.totals, sender.totals.sentBytes],
    ["receiver", receiver.totals, receiver.totals.receivedBytes],
  ] as const;
  for (const [end, { chunkBytes, reusedBytes }, newBytes] of ends)
    if (reusedBytes !== chunkBytes - newBytes)
      throw new Error(`the ${end} has ${reusedBytes} used again of ${chunkBytes}, with ${newBytes} new`);
}

/** Chunks that the receiver waits for. */
function awaitedCountOf({ receiver }: SessionRun): number {
  type Queues = Record<"$wished" | "$pushed", { readonly size: number }>;
  const { $coming } = (receiver as unknown as { $chunks: { $coming: Queues } }).$chunks;
  return $coming.$wished.size + $coming.$pushed.size;
}

/** Content that the sender holds while it waits for answers. */
function keptBytesOf({ sender }: SessionRun): number {
  const { $chunks, $pieces } = sender as unknown as {
    $chunks: { $content: { $keptBytes: number } };
    $pieces: { $heldBytes: number };
  };
  return Math.max($chunks.$content.$keptBytes, $pieces.$heldBytes);
}
