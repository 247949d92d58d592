import { expect, test } from "vitest";
import { nodeFetch } from "../../src/bucket/node-fetch.node.ts";
import { seededRandom } from "../../src/bucket/random.ts";
import { syncBuckets } from "../../src/bucket/sync/sync-buckets.node.ts";
import { printedSeed } from "../printed-seed.ts";
import { requestFaults } from "./request-faults.ts";
import { usePair } from "../unit/bucket/sync/pairs.ts";

/** Requests fail in ten ways, at random; what is at the destination in the end must be right. */

const pair = usePair();
const isFull = process.env["FAULT_POINTS"] === "all";
const objectCount = isFull ? 10_000 : 120;
const faultRate = isFull ? 0.05 : 0.15;
const killCount = isFull ? 20 : 2;

test("flaws 4 and 12: whatever requests fail with, and however often a run is ended, all is right in the end", async () => {
  const seed = printedSeed();
  const random = seededRandom(`${seed}`);
  for (let i = 0; i < objectCount; i++)
    pair.source.put("b", `dir${i % 7}/k${i}`, `content ${i} `.repeat(i % 20));
  for (let i = 0; i < 30; i++) pair.destination.put("b", `old${i}`, "old");
  let requestCount = 0;
  let stop: AbortController | undefined;
  let killAt = Infinity;
  const { faultOf, hits } = requestFaults({
    random,
    rate: faultRate,
    stallCount: isFull ? 50 : 1,
    onRequest: () => {
      if (++requestCount >= killAt) stop?.abort(new Error("ended"));
    },
  });
  pair.source.fault = faultOf(pair.source);
  pair.destination.fault = faultOf(pair.destination);
  const options = { attemptCount: 12, retryMs: 1, timeoutMs: 5000, fetch: nodeFetch() };
  const sides = [pair.source, pair.destination].map((stub) => ({
    bucket: pair.bucketOf(stub, options),
    prefix: "",
  }));
  const runOnce = async () =>
    syncBuckets(sides[0]!, sides[1]!, pair.statePath, {
      deletes: true,
      ...(stop && { signal: stop.signal }),
    });
  for (let kill = 0; kill < killCount; kill++) {
    stop = new AbortController();
    killAt = requestCount + 1 + Math.floor((random() * 2 * objectCount) / killCount);
    await runOnce().catch((thrown: unknown) => expect(thrown).toMatchObject({ message: "ended" }));
  }
  [stop, killAt] = [undefined, Infinity];
  // An object that was said not to be there is found by the run after.
  for (let runs = 0; ; runs++) {
    const { vanished, failed, copied } = await runOnce();
    expect(runs).toBeLessThan(12);
    if (vanished + failed + copied === 0) break;
  }
  pair.source.fault = pair.destination.fault = undefined;
  expect(pair.contentsOf(pair.destination)).toEqual(pair.contentsOf(pair.source));
  console.log(
    `${requestCount} requests for ${objectCount} objects, of which failed:`,
    Object.fromEntries(hits),
  );
});
