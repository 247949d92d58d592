import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { syncBuckets, type SyncBucketsOptions } from "../../src/bucket/sync/sync-buckets.node.ts";
import { usePair } from "../unit/bucket/sync/pairs.ts";

/**
 * A run of `bucket sync` is killed before each of its requests: what it had in memory is lost, and
 * the next run has the state as it lay on disk. It has to end as a run that nobody disturbs.
 */

const pair = usePair();
const isFull = process.env["FAULT_POINTS"] === "all";
/** Requests between two kills in the short form. */
const stride = 13;

function fill(): void {
  for (let i = 0; i < 14; i++) pair.source.put("b", `k${i}`, `content ${i}`);
  for (let i = 0; i < 6; i++) pair.destination.put("b", `k${i}`, i % 2 ? "other" : `content ${i}`);
  for (let i = 0; i < 6; i++) pair.destination.put("b", `old${i}`, "old");
  // In parts, which take their time.
  if (isFull) pair.source.putInParts("b", "long", Buffer.alloc(17_000_000, "long"), 8_388_608);
  pair.source.pageLength = pair.destination.pageLength = 4;
}

function clear(): void {
  for (const stub of [pair.source, pair.destination]) {
    stub.buckets.set("b", new Map());
    stub.fault = undefined;
    stub.requests.length = 0;
  }
}

/** Runs until so many requests were made; what lies on disk then is left at another place. */
async function runAndKill(at: number, options: SyncBucketsOptions): Promise<boolean> {
  const stop = new AbortController();
  let count = 0;
  let isKilled = false;
  const fault = (): boolean => {
    if (isKilled) return true;
    if (++count < at) return false;
    isKilled = true;
    for (const end of ["", "-journal"])
      if (existsSync(pair.statePath + end))
        copyFileSync(pair.statePath + end, join(pair.folder, `${at}${end}`));
    stop.abort(new Error("killed"));
    return true;
  };
  pair.source.fault = pair.destination.fault = fault;
  const ended = await pair.sync({ ...options, signal: stop.signal }).catch((thrown: unknown) => thrown);
  pair.source.fault = pair.destination.fault = undefined;
  if (isKilled) expect(ended).toMatchObject({ message: "killed" });
  return isKilled;
}

test("trap 4: killed at any request, a run is gone on with to the same end", async () => {
  let pointCount = 0;
  for (let at = 1; ; at += isFull ? 1 : stride) {
    clear();
    fill();
    const options = { deletes: true, restarts: at > 1 };
    if (!(await runAndKill(at, options))) break;
    pointCount++;
    const statePath = join(pair.folder, `${at}`);
    const sides = [pair.source, pair.destination].map((stub) => ({
      bucket: pair.bucketOf(stub),
      prefix: "",
    }));
    const done = await syncBuckets(sides[0]!, sides[1]!, statePath, { deletes: true });
    expect([at, done.failed]).toEqual([at, 0]);
    expect(pair.contentsOf(pair.destination), `killed at request ${at}`).toEqual(
      pair.contentsOf(pair.source),
    );
    const again = await syncBuckets(sides[0]!, sides[1]!, statePath, { deletes: true });
    expect([at, again.copied, again.deleted]).toEqual([at, 0, 0]);
  }
  console.log(`${pointCount} kill points of a synchronisation of buckets`);
  expect(pointCount).toBeGreaterThan(isFull ? 30 : 2);
});
